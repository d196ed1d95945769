/**
 * A text that normalizers have changed, and where each UTF-16 unit of it comes from in the original. Cuts and positions are found in the changed text
 * and told in the original.
 */

/** White_Space of Unicode, which JavaScript's `\s` is not. */
export const whiteSpace = /^\p{White_Space}$/u;

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
    let at = 0;
    for (const character of this.text) {
      made.put(replace(character), at, at + character.length);
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
  private readonly texts: string[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(private readonly old: Aligned) {}

  put(text: string, from: number, to: number): void {
    if (text === '') return;
    const { old } = this;
    this.texts.push(text);
    if (text.length === to - from && old.text.startsWith(text, from)) {
      for (let i = from; i < to; i++) {
        this.starts.push(old.starts[i]);
        this.ends.push(old.ends[i]);
      }
      return;
    }
    // What stands for nothing has the place of what is before it.
    const [start, end] =
      from < to
        ? [old.starts[from], old.ends[to - 1]]
        : from > 0
          ? [old.starts[from - 1], old.ends[from - 1]]
          : [old.origin, old.origin];
    for (let i = 0; i < text.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }

  done(): Aligned {
    return Aligned.made(
      this.texts.join(''),
      Int32Array.from(this.starts),
      Int32Array.from(this.ends),
      this.old.origin,
    );
  }
}

/** Units of the code point at a place. */
export function codePointLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
