/** Sequences of tokens, SOS before and EOS behind each. */
import type { Ids } from './ids';
import { SequenceBatches, type BatchesSettings, type Range } from './sequenceBatches';

export interface SequenceRange extends Range {
  /** Tokens of all sequences, without SOS and EOS. */
  readonly ids: Ids;
}

export interface SequenceSettings extends BatchesSettings {
  readonly sos: number;
  readonly eos: number;
}

export class Sequences extends SequenceBatches {
  /** Throws a UserError when there is no sequence, or one that is too long. */
  constructor(
    private readonly range: SequenceRange,
    private readonly settings: SequenceSettings,
  ) {
    // Its SOS is read too.
    super(range, settings, 1, 'error.corpus.sequenceTooLong');
  }

  protected fill(
    b: number,
    steps: number,
    length: number,
    sequence: number,
    inputs: Int32Array,
    targets: Int32Array,
  ): void {
    const { ids } = this.range;
    const { batch, sos, eos } = this.settings;
    const start = this.start(sequence);
    for (let t = 0; t < steps; t++) {
      const element = t * batch + b;
      inputs[element] = t >= length ? -1 : t === 0 ? sos : ids[start + t - 1];
      targets[element] = t >= length ? -1 : t === length - 1 ? eos : ids[start + t];
    }
  }
}
