/** A stack of blocks x + mixer(RMSNorm x), plainly, around a mixer's float64 code: what a model of the kept cases computes of one text. */
import { addArrival, arrivals, rescale, type Arrivals } from '../../src/core/analysis/arrivals';
import { float64Arithmetic } from '../../src/core/float64/arithmetic';
import { addMatrixVector, addOuter, addRowsMatrix } from '../../src/core/float64/products';
import type { Float64Mixer, Float64MixerLayer, Float64MixerTrace } from '../../src/core/layers/float64Mixer';
import { parametersOfLayer, sizesOfLayer, type MambaOptions } from './mambaVectors';

type Parameters = ReadonlyMap<string, Float64Array>;

interface Read<Trace> {
  readonly steps: number;
  /** What each boundary reads, T × D. */
  readonly boundaries: readonly Float64Array[];
  readonly traces: readonly Trace[];
  readonly layers: readonly Float64MixerLayer[];
  /** T × D and T × V. */
  readonly top: Float64Array;
  readonly probabilities: Float64Array;
  readonly losses: Float64Array;
}

interface Totals {
  readonly gradients: ReadonlyMap<string, Float64Array>;
  readonly totals: readonly (readonly Float64Array[])[];
  readonly inputTotals: readonly Float64Array[];
}

interface Flow {
  readonly states: readonly (readonly Float64Array[])[];
  readonly inputs: readonly Float64Array[];
}

export class MambaStack<Trace extends Float64MixerTrace> {
  private readonly D: number;

  constructor(
    readonly options: MambaOptions,
    readonly parameters: Parameters,
    private readonly mixer: Float64Mixer<Trace>,
  ) {
    this.D = options.width;
  }

  /** @param ids a token more than there are steps */
  read(ids: readonly number[]): Read<Trace> {
    const { D, options, parameters, mixer } = this;
    const steps = ids.length - 1;
    const embedding = this.of('embedding');
    let x = new Float64Array(steps * D);
    for (let t = 0; t < steps; t++) x.set(embedding.subarray(ids[t] * D, (ids[t] + 1) * D), t * D);
    const boundaries = [x];
    const traces: Trace[] = [];
    const layers: Float64MixerLayer[] = [];
    for (let layer = 0; layer < options.layers; layer++) {
      const own = { ...sizesOfLayer(options, layer), parameters: parametersOfLayer(parameters, layer) };
      const trace = mixer.forward(own, this.normed(x, own.parameters['norm']), steps);
      const read = x;
      x = options.residual ? trace.output.map((value, i) => value + read[i]) : Float64Array.from(trace.output);
      boundaries.push(x);
      traces.push(trace);
      layers.push(own);
    }
    const top = this.normed(x, parameters.get('finalNorm'));
    const probabilities = this.softmax(top, steps);
    const V = options.vocabulary;
    const losses = Float64Array.from({ length: steps }, (_, t) => -Math.log(probabilities[t * V + ids[t + 1]]));
    return { steps, boundaries, traces, layers, top, probabilities, losses };
  }

  /** Of the mean loss: ∂L/∂parameters, and norms of the total gradients of [layer][state] and of [boundary]. */
  backward(ids: readonly number[], read: Read<Trace>): Totals {
    const { D, options, parameters, mixer } = this;
    const { steps, boundaries, traces, layers } = read;
    const gradients = new Map([...parameters].map(([name, values]) => [name, new Float64Array(values.length)]));
    let above: Float64Array = new Float64Array(steps * D);
    for (let t = 0; t < steps; t++) this.addLossGradient(ids, read, t, 1 / steps, above, gradients);
    const rows = (values: Float64Array) =>
      Float64Array.from({ length: steps }, (_, t) => float64Arithmetic.lengthOf(values, t * D, D));
    above = this.normedBack(boundaries[options.layers], parameters.get('finalNorm'), above, gradients.get('finalNorm'));
    const inputTotals = [rows(above)];
    const totals: Float64Array[][] = [];
    for (let layer = options.layers - 1; layer >= 0; layer--) {
      const below = new Float64Array(steps * D);
      const norms = [new Float64Array(steps), new Float64Array(steps)];
      const gradient = parametersOfLayer(gradients, layer);
      mixer.backward(layers[layer], traces[layer], above, below, gradient, norms);
      const through = this.normedBack(boundaries[layer], layers[layer].parameters['norm'], below, gradient['norm']);
      const around = above;
      above = options.residual ? through.map((value, i) => value + around[i]) : through;
      totals.unshift(norms);
      inputTotals.unshift(rows(above));
    }
    const embedding = gradients.get('embedding') ?? new Float64Array(0);
    for (let t = 0; t < steps; t++) for (let i = 0; i < D; i++) embedding[ids[t] * D + i] += above[t * D + i];
    return { gradients, totals, inputTotals };
  }

  /** log₁₀ norms of one target's gradient, of [layer][state] and of [boundary]. */
  flow(ids: readonly number[], read: Read<Trace>, target: number): Flow {
    const { D, options, parameters, mixer } = this;
    const { steps, boundaries, traces, layers } = read;
    const first = new Float64Array(steps * D);
    this.addLossGradient(ids, read, target, 1, first);
    let above = this.arrivalsOf(
      this.normedBack(boundaries[options.layers], parameters.get('finalNorm'), first),
      target,
      steps,
    );
    const inputs = [logarithms(above, D)];
    const states: Float64Array[][] = [];
    for (let layer = options.layers - 1; layer >= 0; layer--) {
      const below = arrivals(float64Arithmetic, steps, D);
      states.unshift(mixer.flow(layers[layer], traces[layer], above, below));
      const through = this.normedBack(boundaries[layer], layers[layer].parameters['norm'], below.values);
      below.values.set(through);
      for (let t = 0; t < steps; t++) {
        if (below.logScales[t] > -Infinity)
          below.logScales[t] = rescale(float64Arithmetic, below.values, t * D, D, below.logScales[t]);
        if (options.residual && above.logScales[t] > -Infinity)
          addArrival(float64Arithmetic, below, t, above.values, t * D, D, above.logScales[t]);
      }
      above = below;
      inputs.unshift(logarithms(above, D));
    }
    return { states, inputs };
  }

  private of(name: string): Float64Array {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`no parameter ${name}`);
    return found;
  }

  private arrivalsOf(values: Float64Array, target: number, steps: number): Arrivals<Float64Array> {
    const found = { ...arrivals(float64Arithmetic, steps, this.D), values };
    found.isReached[target] = 1;
    found.logScales[target] = rescale(float64Arithmetic, values, target * this.D, this.D, 0);
    return found;
  }

  private outputWeights(): Float64Array {
    return this.options.tied ? this.of('embedding') : this.of('output.W');
  }

  private softmax(top: Float64Array, steps: number): Float64Array {
    const V = this.options.vocabulary;
    const scores = new Float64Array(steps * V);
    for (let t = 0; t < steps; t++) {
      const row = scores.subarray(t * V, (t + 1) * V);
      row.set(this.of('output.b'));
      addMatrixVector(row, 0, this.outputWeights(), top, t * this.D, V, this.D);
      const largest = Math.max(...row);
      const exponentials = row.map((score) => Math.exp(score - largest));
      const sum = exponentials.reduce((a, b) => a + b, 0);
      row.set(exponentials.map((value) => value / sum));
    }
    return scores;
  }

  private addLossGradient(
    ids: readonly number[],
    { top, probabilities }: Read<Trace>,
    t: number,
    scale: number,
    out: Float64Array,
    gradients?: ReadonlyMap<string, Float64Array>,
  ): void {
    const { D } = this;
    const V = this.options.vocabulary;
    const scores = probabilities.slice(t * V, (t + 1) * V);
    scores[ids[t + 1]] -= 1;
    const scaled = scores.map((value) => scale * value);
    addRowsMatrix(out.subarray(t * D, (t + 1) * D), scaled, 0, 0, this.outputWeights(), 1, V, D);
    const W = gradients?.get(this.options.tied ? 'embedding' : 'output.W');
    if (W) addOuter(W, scaled, 0, top, t * D, V, D);
    gradients?.get('output.b')?.forEach((_, i, b) => (b[i] += scaled[i]));
  }

  /** γ ⊙ x / √(mean x² + ε) of every row. */
  private normed(x: Float64Array, gamma: Float64Array | undefined): Float64Array {
    if (!gamma) return x;
    return x.map((value, i) => gamma[i % this.D] * value * this.inverse(x, i));
  }

  private inverse(x: Float64Array, i: number): number {
    const { D } = this;
    const row = x.subarray(i - (i % D), i - (i % D) + D);
    return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / D + this.options.epsilon);
  }

  private normedBack(
    x: Float64Array,
    gamma: Float64Array | undefined,
    above: Float64Array,
    ofGamma?: Float64Array,
  ): Float64Array {
    if (!gamma) return Float64Array.from(above);
    const { D } = this;
    return above.map((value, i) => {
      const start = i - (i % D);
      const inverse = this.inverse(x, i);
      let along = 0;
      for (let j = 0; j < D; j++) along += (gamma[j] * above[start + j] * x[start + j]) / D;
      if (ofGamma) ofGamma[i % D] += value * x[i] * inverse;
      return inverse * (gamma[i % D] * value - x[i] * inverse * inverse * along);
    });
  }
}

function logarithms({ values, logScales, isReached }: Arrivals<Float64Array>, width: number): Float64Array {
  return logScales.map((scale, t) =>
    isReached[t] === 0
      ? NaN
      : scale === -Infinity
        ? -Infinity
        : float64Arithmetic.log10Of(float64Arithmetic.lengthOf(values, t * width, width), scale),
  );
}
