/**
 * A lock on the model, held by whatever reads it (a frame, a hover, generated text) and by whatever changes its weights: so no reader sees
 * weights that are half changed, or that change while it reads. A training step computes without the lock and takes it for its update alone.
 */
export class ModelLock {
  private isHeld = false;
  /** What a person waits for, and the rest. */
  private readonly urgent: (() => void)[] = [];
  private readonly others: (() => void)[] = [];
  private readonly untilFree: (() => void)[] = [];

  /** @param slice milliseconds after which a computation without the lock handles messages; Infinity where none can arrive */
  constructor(readonly slice = 4) {}

  /** Runs `work` with the lock, when all that was asked for before has ended, successfully or not. Urgent work goes before all that has not begun. */
  async run<T>(work: () => Promise<T> | T, isUrgent = false): Promise<T> {
    if (this.isHeld) await new Promise<void>((resolve) => (isUrgent ? this.urgent : this.others).push(resolve));
    this.isHeld = true;
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  get isFree(): boolean {
    return !this.isHeld;
  }

  /** Resolves when nobody holds the lock or waits for it. */
  async whenFree(): Promise<void> {
    while (this.isHeld) await new Promise<void>((resolve) => this.untilFree.push(resolve));
  }

  private release(): void {
    const next = this.urgent.shift() ?? this.others.shift();
    if (next) {
      // The lock stays held: nothing may come between.
      next();
      return;
    }
    this.isHeld = false;
    for (const resolve of this.untilFree.splice(0)) resolve();
  }
}
