/** Sequences of numbers: what a step reads is a row of the corpus, and what is to be predicted stands behind the last. */
import type { NumberRows } from '../model/numberRows';
import { SequenceBatches, type BatchesSettings, type Range } from './sequenceBatches';

export class NumberSequences extends SequenceBatches {
  /** Ids of steps are their places in the corpus, those of targets their sequences'. Throws a UserError as `SequenceBatches`. */
  constructor(
    range: Range,
    private readonly settings: BatchesSettings,
    readonly numbers: NumberRows,
  ) {
    super(range, settings, 0, 'error.numbers.sequenceTooLong');
  }

  protected fill(
    b: number,
    steps: number,
    length: number,
    sequence: number,
    inputs: Int32Array,
    targets: Int32Array,
  ): void {
    const start = this.start(sequence);
    for (let t = 0; t < steps; t++) {
      const element = t * this.settings.batch + b;
      inputs[element] = t >= length ? -1 : start + t;
      targets[element] = t === length - 1 ? sequence : -1;
    }
  }
}
