/**
 * Turns at the model, for those who look at it (a frame, a hover, a sample) and for what changes its weights: so nobody sees them half
 * changed, or changed under the hand. A training step computes without a turn, and takes one for its update alone.
 */
export class Turns {
  private isTaken = false;
  /** What somebody waits for before their eyes, and the rest. */
  private readonly urgent: (() => void)[] = [];
  private readonly others: (() => void)[] = [];
  private readonly untilFree: (() => void)[] = [];

  /** @param piece milliseconds after which who computes without a turn has messages read; Infinity where none can come */
  constructor(readonly piece = 4) {}

  /** Runs `work` when all that was asked for before has ended, however it ended. What is urgent goes before all that has not begun. */
  async take<T>(work: () => Promise<T> | T, isUrgent = false): Promise<T> {
    if (this.isTaken) await new Promise<void>((resolve) => (isUrgent ? this.urgent : this.others).push(resolve));
    this.isTaken = true;
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  get isFree(): boolean {
    return !this.isTaken;
  }

  /** Resolves when nobody has a turn or waits for one. */
  async free(): Promise<void> {
    while (this.isTaken) await new Promise<void>((resolve) => this.untilFree.push(resolve));
  }

  private leave(): void {
    const next = this.urgent.shift() ?? this.others.shift();
    if (next) {
      // Still taken: nobody is to come between.
      next();
      return;
    }
    this.isTaken = false;
    for (const resolve of this.untilFree.splice(0)) resolve();
  }
}
