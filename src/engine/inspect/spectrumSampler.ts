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
import type { Watch } from '../../protocol/engine';
import type { SpectrumSample } from '../../protocol/overTraining';
import { isCommonStepOfSpectra } from '../../terms/commonSteps';
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
  private last: { readonly step: number; readonly text: string } | null = null;
  private waiting: { readonly sample: SpectrumSample; readonly text: string } | null = null;
  /** A text for which there is none: a layer carries no state, the model is too large, or it cannot read that. */
  private impossible: string | null = null;

  /** @param saturated the part of units, or of gate activations, that were saturated in the last training step; null where none can be */
  constructor(
    private readonly model: InspectedModel,
    private readonly history: FlowHistory,
    private readonly saturated: () => number | null,
  ) {}

  /** The newest that has not been taken yet, to be sent with a frame of this watch. */
  take(watch: Watch): SpectrumSample | null {
    const { waiting } = this;
    this.waiting = null;
    return waiting && waiting.text === this.textFor(watch) ? waiting.sample : null;
  }

  /**
   * Behind a frame of a watch; nobody changes the model meanwhile. Null where it is not time for one. Runs that are compared are looked at in the same steps,
   * which are few, so that none is left out.
   */
  async sample(trainingStep: number, watch: Watch): Promise<SpectrumSample | null> {
    const { history } = this;
    const start = performance.now();
    const text = this.textFor(watch);
    const isTime = watch.atCommonSteps ? isCommonStepOfSpectra(trainingStep) : start >= this.notBefore;
    if (text === undefined || text === this.impossible || !isTime) return null;
    if (trainingStep === this.last?.step && text === this.last.text) return null;
    this.last = { step: trainingStep, text };
    const exponent = await this.exponent(text);
    if (exponent === null) {
      this.impossible = text;
      return null;
    }
    const sample = { step: trainingStep, exponent, ...this.ofMatrix(), saturated: this.saturated() };
    if (text === history.question?.text) history.addSpectrum(sample);
    this.waiting = { sample, text };
    const end = performance.now();
    this.notBefore = end + (end - start) * (1 / share - 1);
    return sample;
  }

  /** What is compared is of the text that is shown; what is kept of the run, of the one that its rows are of. */
  private textFor(watch: Watch): string | undefined {
    return watch.atCommonSteps ? watch.text : this.history.question?.text;
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
