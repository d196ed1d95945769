/**
 * Gives a hover priority over the panels while a person waits for it. The panels' pages are drawn by the same window, and without a
 * graphics processor each picture keeps it busy for tens of milliseconds; so messages to them are held back until the hover is shown.
 */

/** Milliseconds that the editor gets for showing the hover. */
const toShow = 100;
/** Milliseconds after which messages are sent in any case, however many hovers follow each other. */
const maxDelay = 1000;

export class HoverPriority {
  private readonly listeners = new Set<() => void>();
  private underWay = 0;
  private rest: NodeJS.Timeout | undefined;
  private limit: NodeJS.Timeout | undefined;

  get isActive(): boolean {
    return this.limit !== undefined;
  }

  /** `listener` is called when messages may be sent again. */
  onDidEnd(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  /** Holds messages back while `work` runs, and until its result can be seen. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.underWay++;
    clearTimeout(this.rest);
    this.limit ??= setTimeout(() => this.end(), maxDelay);
    try {
      return await work();
    } finally {
      this.underWay--;
      if (this.underWay === 0 && this.isActive) this.rest = setTimeout(() => this.end(), toShow);
    }
  }

  dispose(): void {
    clearTimeout(this.rest);
    clearTimeout(this.limit);
    this.listeners.clear();
  }

  private end(): void {
    clearTimeout(this.rest);
    clearTimeout(this.limit);
    this.limit = undefined;
    for (const listener of this.listeners) listener();
  }
}
