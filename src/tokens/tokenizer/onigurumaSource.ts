/** The text of a regular expression while it is read. */

/** It matches in a way that is not known here. */
export class NotWritable extends Error {}

export class Source {
  private at = 0;

  constructor(private readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  isNext(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Whether this stands here; then it is passed. */
  take(text: string): boolean {
    const isHere = this.isNext(text);
    if (isHere) this.at += text.length;
    return isHere;
  }

  /** @param pattern with the flag y */
  takeMatch(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  /** The code point here; an empty text at the end. */
  peek(): string {
    const codePoint = this.text.codePointAt(this.at);
    return codePoint === undefined ? '' : String.fromCodePoint(codePoint);
  }

  /** Throws NotWritable at the end. */
  next(): string {
    const character = this.peek();
    if (character === '') throw new NotWritable();
    this.at += character.length;
    return character;
  }

  /** Units that were passed last. */
  before(units: number): string {
    return this.text.slice(this.at - units, this.at);
  }
}
