/**
 * Moments in which somebody waits for the editor to show something: a hover. The pages of the panels are drawn by the same window, and
 * without a graphics processor each picture keeps it busy for tens of milliseconds; so what they are told waits until the hover is there.
 */

/** Milliseconds that the editor has for showing what it was given. */
const toShow = 100;
/** Milliseconds after which the pages are told all the same, however many hovers follow each other. */
const longest = 1000;

export class Quiet {
  private readonly listeners = new Set<() => void>();
  private underWay = 0;
  private rest: NodeJS.Timeout | undefined;
  private limit: NodeJS.Timeout | undefined;

  get isOn(): boolean {
    return this.limit !== undefined;
  }

  /** `listener` is called when the pages may be told again. */
  onDidEnd(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  /** Keeps quiet while `work` goes on, and until its outcome can be seen. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.underWay++;
    clearTimeout(this.rest);
    this.limit ??= setTimeout(() => this.end(), longest);
    try {
      return await work();
    } finally {
      this.underWay--;
      if (this.underWay === 0 && this.isOn) this.rest = setTimeout(() => this.end(), toShow);
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
