/**
 * Keeps what the carried state's spectrum comes to while the model learns: the largest exponent, and of the top layer's recurrent matrix radius and norm. They take longer than a frame, so
 * they are sampled beside some frames only, in their share of the time.
 */
import { readInFloat64 } from '../../core/float64/float64Trace';
import { generalModelOf } from '../../core/model/plainModel';
import { carriedStates, NoCarriedState } from '../../core/spectra/carriedState';
import { lyapunovSpectrum } from '../../core/spectra/lyapunov';
import { matrixSpectrumOf } from '../../core/spectra/matrixSpectrum';
import { kindOf } from '../../layers/catalog';
import type { SpectrumSample } from '../../protocol/overTraining';
import { UserError } from '../../userError';
import type { FlowHistory } from './flowHistory';
import { workOfStep, type InspectedModel } from './inspector';
import { readTextOf, windowOf } from './readText';

/** Part of the time, of that which frames may take. */
const share = 0.05;
/** Multiply-adds of reading the text, about a twentieth of a second: of a longer one its end is read. */
const maxWork = 5e7;
/** Fewer steps say nothing. */
const minSteps = 32;
/** Directions that are followed, of which the fastest counts: one alone takes long to turn into it. */
const directions = 4;
/** Units of a layer beyond which radius and norm would keep a hover waiting. */
const maxUnits = 256;

export class SpectrumSampler {
  private notBefore = -Infinity;
  private last: number | null = null;
  private waiting: SpectrumSample | null = null;
  /** A layer carries no state, or the model is too large. */
  private isImpossible = false;

  /** @param saturated the part of units, or of gate activations, that were saturated in the last training step; null where none can be */
  constructor(
    private readonly model: InspectedModel,
    private readonly history: FlowHistory,
    private readonly saturated: () => number | null,
  ) {}

  /** The newest that has not been taken yet, to be sent with a frame. */
  take(): SpectrumSample | null {
    const { waiting } = this;
    this.waiting = null;
    return waiting;
  }

  /** Behind a frame; nobody changes the model meanwhile. Null where it is not time for one. */
  async sample(trainingStep: number): Promise<SpectrumSample | null> {
    const { history } = this;
    const start = performance.now();
    if (this.isImpossible || !history.question || trainingStep === this.last || start < this.notBefore) return null;
    this.last = trainingStep;
    const exponent = await this.exponent(history.question.text);
    if (exponent === null) {
      this.isImpossible = true;
      return null;
    }
    const sample = { step: trainingStep, exponent, ...this.ofMatrix(), saturated: this.saturated() };
    history.addSpectrum(sample);
    this.waiting = sample;
    const end = performance.now();
    this.notBefore = end + (end - start) * (1 / share - 1);
    return sample;
  }

  private async exponent(text: string): Promise<number | null> {
    const { plain, general, vocabulary } = this.model;
    try {
      const { inputs, targets, window } = windowOf(readTextOf(text, { general, vocabulary }));
      const model = plain ? generalModelOf(plain.config, plain.parameters) : general;
      const steps = Math.min(inputs.length, Math.floor(maxWork / workOfStep(model)));
      if (steps < Math.min(minSteps, inputs.length) || steps < 1) return null;
      const ofEnd = (ids: Int32Array) => ids.slice(inputs.length - steps);
      const [state] = carriedStates(readInFloat64(model, ofEnd(inputs), ofEnd(targets), window));
      const { exponents } = await lyapunovSpectrum(state, 1, () => Promise.resolve(), directions);
      return exponents[0];
    } catch (thrown) {
      if (thrown instanceof NoCarriedState || thrown instanceof UserError) return null;
      throw thrown;
    }
  }

  /** The largest of its gates' blocks. */
  private ofMatrix(): Pick<SpectrumSample, 'radius' | 'norm'> {
    const {
      cell,
      hiddenSize: H,
      directions: ofLayer,
    } = this.model.general.layers[this.model.general.layers.length - 1];
    const R = ofLayer.at(0)?.R;
    if (!R || R.length === 0 || H > maxUnits) return { radius: null, norm: null };
    const found = kindOf(cell).gates.map((_, block) => matrixSpectrumOf(R, H, block, 'roughly'));
    const largest = (of: 'spectralRadius' | 'spectralNorm'): number | null =>
      found.includes(null) ? null : Math.max(...found.map((each) => each?.[of] ?? NaN));
    return { radius: largest('spectralRadius'), norm: largest('spectralNorm') };
  }
}
