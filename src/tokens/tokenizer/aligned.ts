/**
 * A text that normalizers have changed, and where each UTF-16 unit of it comes from in the original. Cuts and positions are found in the changed text
 * and told in the original.
 */

/**
 * Whether it is White_Space of Unicode, which JavaScript's `\s` is not. Expressions with properties stand inside functions in this folder: to make one
 * takes a millisecond, and the editor loads this code when it begins.
 */
export function isWhiteSpace(character: string): boolean {
  return /^\p{White_Space}$/u.test(character);
}

export class Aligned {
  private constructor(
    readonly text: string,
    /** Where in the original what unit i comes from begins and ends. */
    readonly starts: Int32Array,
    readonly ends: Int32Array,
    /** Where in the original this piece was when it was cut out. */
    readonly origin: number,
  ) {}

  /** Every code point is its own place. */
  static of(text: string): Aligned {
    const [starts, ends] = [new Int32Array(text.length), new Int32Array(text.length)];
    for (let i = 0; i < text.length;) {
      const length = codePointLength(text, i);
      starts.fill(i, i, i + length);
      ends.fill(i + length, i, i + length);
      i += length;
    }
    return new Aligned(text, starts, ends, 0);
  }

  get isEmpty(): boolean {
    return this.text === '';
  }

  /** Units `from` to before `to`. */
  slice(from: number, to: number): Aligned {
    return new Aligned(
      this.text.slice(from, to),
      this.starts.subarray(from, to),
      this.ends.subarray(from, to),
      from < to ? this.starts[from] : this.origin,
    );
  }

  /** Where in the original units `from` to before `to` come from; at least one unit. */
  place(from: number, to: number): { readonly start: number; readonly end: number } {
    return { start: this.starts[from], end: this.ends[to - 1] };
  }

  /** The same with every code point replaced: what stands for it has its place. Nothing may stand for it. */
  mapped(replace: (character: string) => string): Aligned {
    const made = new Replacement(this);
    const known = new Map<string, string>();
    let at = 0;
    for (const character of this.text) {
      let replaced = known.get(character);
      if (replaced === undefined) {
        replaced = replace(character);
        known.set(character, replaced);
      }
      made.put(replaced, at, at + character.length);
      at += character.length;
    }
    return made.done();
  }

  /** Another text in place of this one, each part of it standing for units `from` to before `to`. */
  replaced(parts: Iterable<{ readonly text: string; readonly from: number; readonly to: number }>): Aligned {
    const made = new Replacement(this);
    for (const { text, from, to } of parts) made.put(text, from, to);
    return made.done();
  }

  /** With a text before it that has the place of the first code point. Nothing comes before an empty one. */
  prepended(text: string): Aligned {
    if (this.isEmpty) return this;
    const first = codePointLength(this.text, 0);
    return this.replaced([
      { text: text + this.text.slice(0, first), from: 0, to: first },
      { ...this.kept(first, this.text.length) },
    ]);
  }

  /** Units that stay as they are, for `replaced`. */
  kept(from: number, to: number): { readonly text: string; readonly from: number; readonly to: number } {
    return { text: this.text.slice(from, to), from, to };
  }

  /** @internal made by Replacement */
  static made(text: string, starts: Int32Array, ends: Int32Array, origin: number): Aligned {
    return new Aligned(text, starts, ends, origin);
  }
}

/** Puts a text together, part by part. */
class Replacement {
  private text = '';
  private starts: Int32Array;
  private ends: Int32Array;

  constructor(private readonly old: Aligned) {
    this.starts = new Int32Array(old.text.length + 8);
    this.ends = new Int32Array(old.text.length + 8);
  }

  put(text: string, from: number, to: number): void {
    if (text === '') return;
    const { old } = this;
    const at = this.text.length;
    this.text += text;
    if (this.text.length > this.starts.length) this.grow();
    if (text.length === to - from && old.text.startsWith(text, from)) {
      for (let i = from; i < to; i++) {
        this.starts[at + i - from] = old.starts[i];
        this.ends[at + i - from] = old.ends[i];
      }
      return;
    }
    // What stands for nothing has the place of what is before it.
    const before = from > 0 ? from - 1 : null;
    const start = from < to ? old.starts[from] : before === null ? old.origin : old.starts[before];
    const end = from < to ? old.ends[to - 1] : before === null ? old.origin : old.ends[before];
    this.starts.fill(start, at, this.text.length);
    this.ends.fill(end, at, this.text.length);
  }

  done(): Aligned {
    const { length } = this.text;
    return Aligned.made(this.text, this.starts.subarray(0, length), this.ends.subarray(0, length), this.old.origin);
  }

  private grow(): void {
    const [starts, ends] = [this.starts, this.ends];
    this.starts = new Int32Array(2 * this.text.length);
    this.ends = new Int32Array(2 * this.text.length);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}

/** Units of the code point at a place. */
export function codePointLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
