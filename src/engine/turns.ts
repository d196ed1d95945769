/** Work on the model in turns: a training step, an inspection, a sample. None sees the weights half changed. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all that was asked for before has ended, however it ended. */
  take<T>(work: () => Promise<T> | T): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
