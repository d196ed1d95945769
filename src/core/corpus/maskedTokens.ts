/**
 * The masked objective, over any reading of the corpus: the tokens of a window are both what is read and what is to be
 * predicted. Some of them, drawn again for every window, are replaced by the mask token in the inputs, and only those are targets
 * (Devlin et al. 2019, arXiv:1810.04805, whose share it is; every drawn token is masked, none kept or replaced by another).
 */
import { randomOf } from './shuffle';
import type { WindowInfo, WindowReader } from './windowReader';

const share = 0.15;

export interface MaskSettings {
  /** Id of the mask token. */
  readonly mask: number;
  /** Ids that are never masked: SOS. */
  readonly kept: readonly (number | null)[];
  readonly seed: number;
}

export class MaskedTokens implements WindowReader {
  readonly batch: number;
  readonly steps: number;
  readonly windowsPerPass: number;
  /** Windows read. */
  private count = 0;

  constructor(
    private readonly reader: WindowReader,
    private readonly settings: MaskSettings,
  ) {
    this.batch = reader.batch;
    this.steps = reader.steps;
    this.windowsPerPass = reader.windowsPerPass;
  }

  /** On average. */
  get tokensPerPass(): number {
    return Math.round(share * this.reader.tokensPerPass);
  }

  get state(): Readonly<Record<string, number>> {
    return { ...this.reader.state, masked: this.count };
  }

  restore(state: Readonly<Record<string, number>>): void {
    this.reader.restore(state);
    this.count = state['masked'];
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo {
    const info = this.reader.next(inputs, targets, lengths);
    const elements = info.steps * this.batch;
    const random = randomOf(this.settings.seed, this.count++);
    let real = 0;
    let masked = 0;
    for (let i = 0; i < elements; i++) {
      targets[i] = -1;
      if (!this.isReal(inputs[i])) continue;
      real++;
      if (random.uniform() < share) {
        this.mask(inputs, targets, i);
        masked++;
      }
    }
    if (masked === 0 && real > 0) this.maskOne(inputs, targets, Math.floor(random.uniform() * real));
    return info;
  }

  private isReal(id: number): boolean {
    return id >= 0 && !this.settings.kept.includes(id);
  }

  private mask(inputs: Int32Array, targets: Int32Array, i: number): void {
    targets[i] = inputs[i];
    inputs[i] = this.settings.mask;
  }

  /** A window without a target would have no loss. */
  private maskOne(inputs: Int32Array, targets: Int32Array, which: number): void {
    let left = which;
    const i = inputs.findIndex((id) => this.isReal(id) && left-- === 0);
    this.mask(inputs, targets, i);
  }
}
