/** Where the reader was in the text, kept while the page is away: which steps were in view, and whose gradient was traced back. */
import type { FrameHeader } from '../src/protocol/frame';
import type { Link } from './shared/link';
import type { View } from './shared/view';

const name = 'place';
/** Milliseconds without change before it is kept. */
const rest = 300;

interface Place {
  /** Of the tokens: in another text the place means nothing. */
  readonly text: number;
  readonly first: number;
  readonly count: number;
  readonly target: number;
}

export class KeptPlace {
  private toRestore = true;
  private last = '';
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly link: Link,
    private readonly view: View,
  ) {}

  /** A run is shown from now on: its first frame is looked at where the reader was. */
  opened(): void {
    this.toRestore = true;
  }

  /** This frame is about to be drawn. */
  frameCame(header: FrameHeader): void {
    if (!this.toRestore) return;
    this.toRestore = false;
    const place = placeOf(this.link.keptView(name));
    if (place?.text !== hash(header.tokens) || place.target >= header.tokens.length) return;
    this.view.steps.set(place.first, place.count);
    // The editor forgets the target when its window is reloaded.
    if (place.target !== header.target) this.link.target(place.target);
  }

  /** This frame has been drawn: what is in view now is kept, once it rests. */
  drawn({ tokens, target }: FrameHeader): void {
    const { first, count } = this.view.steps;
    const key = [first, count, target].join();
    if (key === this.last) return;
    this.last = key;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.link.keepView(name, { text: hash(tokens), first, count, target } satisfies Place),
      rest,
    );
  }
}

function placeOf(kept: unknown): Place | null {
  if (typeof kept !== 'object' || kept === null) return null;
  const { text, first, count, target } = kept as Record<string, unknown>;
  const are = [text, first, count, target].every(
    (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  );
  return are ? (kept as Place) : null;
}

/** 32-bit FNV-1a of the symbols. */
function hash(tokens: readonly string[]): number {
  let value = 0x811c9dc5;
  for (const token of tokens)
    for (let i = 0; i < token.length; i++) value = Math.imul(value ^ token.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
