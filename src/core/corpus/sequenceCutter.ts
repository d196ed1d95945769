/** Cuts a text that comes in chunks into sequences: its lines, or its paragraphs, which blank lines separate. */
import { UserError } from '../../userError';

export type Split = 'lines' | 'paragraphs';

/** UTF-16 units of a sequence that are held at most. */
const maxHeldLength = 64_000_000;

export class SequenceCutter {
  /** The line that is not complete yet, in parts. */
  private parts: string[] = [];
  private partsLength = 0;
  /** Of the paragraph that is not complete yet. */
  private lines: string[] = [];
  private linesLength = 0;

  /** @param take is given each sequence without the line end behind it; blank ones are left out */
  constructor(
    private readonly split: Split,
    private readonly take: (sequence: string) => void,
  ) {}

  /** Throws a UserError when a sequence is too long to be held. */
  add(chunk: string): void {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      this.hold(chunk.slice(start, end));
      this.endLine();
      start = end + 1;
    }
    this.hold(chunk.slice(start));
    if (this.partsLength + this.linesLength > maxHeldLength) {
      throw new UserError('error.corpus.sequenceUncut', maxHeldLength);
    }
  }

  end(): void {
    this.endLine();
    this.endParagraph();
  }

  private hold(part: string): void {
    if (part === '') return;
    this.parts.push(part);
    this.partsLength += part.length;
  }

  private endLine(): void {
    const line = this.parts.length === 1 ? this.parts[0] : this.parts.join('');
    this.parts = [];
    this.partsLength = 0;
    const isBlank = line.trim() === '';
    if (this.split === 'lines') {
      if (!isBlank) this.take(withoutReturn(line));
    } else if (isBlank) {
      this.endParagraph();
    } else {
      this.lines.push(line);
      this.linesLength += line.length + 1;
    }
  }

  private endParagraph(): void {
    if (this.lines.length > 0) this.take(withoutReturn(this.lines.join('\n')));
    this.lines = [];
    this.linesLength = 0;
  }
}

/** The carriage return of a line end "\r\n" belongs to the line end. */
function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
