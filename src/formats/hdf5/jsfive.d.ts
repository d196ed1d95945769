/** What is used of jsfive, which has no types of its own. */
declare module 'jsfive' {
  export class Group {
    readonly keys: readonly string[];
    readonly attrs: Readonly<Record<string, unknown>>;
    get(path: string): Group | Dataset | null;
  }
  export class Dataset {
    readonly shape: readonly number[];
    /** A text, or a list for other types than numbers. */
    readonly dtype: unknown;
    readonly value: unknown;
    readonly attrs: Readonly<Record<string, unknown>>;
  }
  export class File extends Group {
    constructor(content: ArrayBuffer, name: string);
  }
}
