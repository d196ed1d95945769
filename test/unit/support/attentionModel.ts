/**
 * A model of attention layers put together from their sublayers, in float64, one stream: embedding, sublayers with what stands around them, final norm and output. As
 * plain as can be, so that the sublayers are compared with PyTorch by themselves.
 */
import { addArrival, arrivals, type Arrivals } from '../../../src/core/analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../../src/core/float64/arithmetic';
import { addNormGradient, normalize, normalizeBack } from '../../../src/core/float64/norm';
import { sublayers } from '../../../src/core/layers/attention';
import type { Float64Mixer, Float64MixerLayer, Float64MixerTrace } from '../../../src/core/layers/float64Mixer';
import type { Norm } from '../../../src/core/model/generalModel';
import { lengthOf } from '../../../src/core/numeric';
import { attention } from '../../../src/layers/kinds/attention';
import { normEpsilon } from '../../../src/layers/norm';
import type { LayerSizes } from '../../../src/layers/parameters';
import type { AttentionCase } from '../../reference/attentionVectors';

export type AttentionShape = Omit<
  AttentionCase,
  'name' | 'lengths' | 'inputs' | 'targets' | 'loss' | 'gradients' | 'totals' | 'perTarget'
>;

interface Sublayer {
  readonly name: string;
  readonly prefix: string;
  readonly mixer: Float64Mixer;
  readonly layer: Float64MixerLayer;
  readonly norm: Norm | null;
  readonly residual: boolean;
}

interface Read {
  readonly sublayer: Sublayer;
  readonly x: Float64Array;
  readonly normed: Float64Array;
  readonly trace: Float64MixerTrace;
}

export interface Reading {
  readonly reads: readonly Read[];
  /** What the final norm reads, and what the output reads. */
  readonly last: Float64Array;
  readonly top: Float64Array;
  readonly probabilities: Float64Array;
  /** Of each step. */
  readonly losses: Float64Array;
}

export class AttentionModel {
  readonly sublayers: readonly Sublayer[];
  private readonly finalNorm: Norm | null;
  private readonly W: Float64Array;

  constructor(
    readonly shape: AttentionShape,
    readonly parameters: ReadonlyMap<string, Float64Array>,
  ) {
    this.sublayers = Array.from({ length: shape.layers }, (_, layer) => this.sublayersOf(layer)).flat();
    this.finalNorm = this.normAt('final', shape.finalNorm);
    this.W = this.get(shape.tied ? 'embedding' : 'output.W');
  }

  sizesOf(layer: number): LayerSizes {
    const { width, heads, positions, context, biases, layers } = this.shape;
    const options = { heads, positions, context, biases };
    const below = Array.from({ length: layer }, () => ({ cell: attention.name, options }));
    return { input: width, hidden: width, options, layer, layers, below };
  }

  private sublayersOf(layer: number): Sublayer[] {
    const sizes = this.sizesOf(layer);
    const parameters: Record<string, Float64Array> = {};
    for (const { role, shape } of attention.parameters) {
      const own = this.parameters.get(nameOf(layer, role));
      const expected = (shape as (of: LayerSizes) => readonly number[] | null)(sizes);
      if (expected?.reduce((a, b) => a * b, 1) !== own?.length) throw new Error(`${role}: another shape`);
      if (own) parameters[role] = own;
    }
    return attention.sublayers(sizes).map((sublayer) => {
      const { name } = sublayer;
      const isAdded = 'around' in sublayer;
      const prefix = `layer${layer}.${name}`;
      return {
        name,
        prefix,
        mixer: sublayers[name as keyof typeof sublayers].float64,
        layer: { ...sizes, parameters },
        norm: isAdded ? null : this.normAt(prefix, this.shape.norm),
        residual: isAdded || this.shape.residual,
      };
    });
  }

  private get(name: string): Float64Array {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`no parameter ${name}`);
    return found;
  }

  private normAt(at: string, kind: AttentionShape['norm']): Norm | null {
    if (kind === 'none') return null;
    const beta = kind === 'layerNorm' ? this.get(`${at}.beta`) : new Float64Array(0);
    return { kind, gamma: this.get(`${at}.gamma`), beta, epsilon: normEpsilon };
  }

  read(inputs: readonly number[], targets: readonly number[]): Reading {
    const { width: D, vocabulary: V } = this.shape;
    const T = inputs.length;
    let x = new Float64Array(T * D);
    inputs.forEach((id, t) => x.set(this.get('embedding').subarray(id * D, (id + 1) * D), t * D));
    const reads = this.sublayers.map((sublayer): Read => {
      const before = x;
      const normed = sublayer.norm ? normalize(before, sublayer.norm) : before;
      const trace = sublayer.mixer.forward(sublayer.layer, normed, T);
      x = trace.output.map((y, i) => y + (sublayer.residual ? before[i] : 0));
      return { sublayer, x: before, normed, trace };
    });
    const top = this.finalNorm ? normalize(x, this.finalNorm) : x;
    const probabilities = new Float64Array(T * V);
    const losses = new Float64Array(T);
    for (let t = 0; t < T; t++) {
      const row = probabilities.subarray(t * V, (t + 1) * V);
      row.set(this.get('output.b'));
      for (let v = 0; v < V; v++) for (let i = 0; i < D; i++) row[v] += this.W[v * D + i] * top[t * D + i];
      const sum = row.reduce((all, logit) => all + Math.exp(logit), 0);
      losses[t] = Math.log(sum) - row[targets[t]];
      row.forEach((logit, v) => (row[v] = Math.exp(logit) / sum));
    }
    return { reads, last: x, top, probabilities, losses };
  }

  /** ∂ℓ_τ/∂(what the output reads), [D]. */
  private ofLoss({ probabilities }: Reading, t: number, target: number): Float64Array {
    const { width: D, vocabulary: V } = this.shape;
    const gradient = new Float64Array(D);
    for (let v = 0; v < V; v++) {
      const error = probabilities[t * V + v] - (v === target ? 1 : 0);
      for (let i = 0; i < D; i++) gradient[i] += error * this.W[v * D + i];
    }
    return gradient;
  }

  /** Adds scale · Σ_t ∂ℓ_t/∂parameters; returns scale · Σ_τ ∂ℓ_τ/∂x_t of every boundary, the lowest first, T × D. */
  addGradient(
    reading: Reading,
    inputs: readonly number[],
    targets: readonly number[],
    scale: number,
    sum: ReadonlyMap<string, Float64Array>,
  ): Float64Array[] {
    const { width: D, vocabulary: V } = this.shape;
    const T = inputs.length;
    const add = (name: string, at: number, value: number) => (sum.get(name)![at] += value);
    let gradient = new Float64Array(T * D);
    for (let t = 0; t < T; t++) {
      gradient.set(
        this.ofLoss(reading, t, targets[t]).map((value) => scale * value),
        t * D,
      );
      for (let v = 0; v < V; v++) {
        const error = scale * (reading.probabilities[t * V + v] - (v === targets[t] ? 1 : 0));
        add('output.b', v, error);
        for (let i = 0; i < D; i++)
          add(this.shape.tied ? 'embedding' : 'output.W', v * D + i, error * reading.top[t * D + i]);
      }
    }
    this.throughNorm(this.finalNorm, 'final', reading.last, gradient, sum);
    const boundaries = [gradient];
    for (const { sublayer, x, normed, trace } of [...reading.reads].reverse()) {
      const below = new Float64Array(T * D);
      const gradients = Object.fromEntries(
        attention.parameters.flatMap(({ role }) => {
          const own = sum.get(nameOf(sublayer.layer.layer, role));
          return own ? [[role, own]] : [];
        }),
      );
      const backward = sublayer.mixer.backward.bind(sublayer.mixer);
      backward(sublayer.layer, trace, gradient, below, gradientsOf(sublayer.name, gradients), []);
      if (normed.length !== below.length) throw new Error('another width');
      this.throughNorm(sublayer.norm, sublayer.prefix, x, below, sum);
      if (sublayer.residual) gradient.forEach((value, i) => (below[i] += value));
      gradient = below;
      if (sublayer.name === 'mha') boundaries.unshift(gradient);
    }
    inputs.forEach((id, t) => {
      for (let i = 0; i < D; i++) add('embedding', id * D + i, gradient[t * D + i]);
    });
    return boundaries;
  }

  private throughNorm(
    norm: Norm | null,
    at: string,
    x: Float64Array,
    gradient: Float64Array,
    sum: ReadonlyMap<string, Float64Array>,
  ): void {
    if (!norm) return;
    const { width: D } = this.shape;
    const own = { gamma: sum.get(`${at}.gamma`)!, beta: sum.get(`${at}.beta`) ?? new Float64Array(0) };
    for (let t = 0; t < x.length / D; t++) {
      addNormGradient(own, x, t, gradient, t * D, norm);
      normalizeBack(x, t, gradient, t * D, norm);
    }
  }

  /** log₁₀‖∂ℓ_τ/∂x_t‖ of every boundary, the lowest first: NaN where the target cannot be reached, −Infinity for zero. @param scale of the loss, a logarithm */
  flow(reading: Reading, target: number, token: number, scale = 0): Float64Array[] {
    const { width: D } = this.shape;
    const T = reading.losses.length;
    const gradient = new Float64Array(T * D);
    gradient.set(this.ofLoss(reading, target, token), target * D);
    if (this.finalNorm) normalizeBack(reading.last, target, gradient, target * D, this.finalNorm);
    let above = arrivals(float64Arithmetic, T, D);
    above.isReached[target] = 1;
    addArrival(float64Arithmetic, above, target, gradient, target * D, D, scale);
    const boundaries = [this.normsOf(above, target)];
    for (const { sublayer, x, trace } of [...reading.reads].reverse()) {
      const within = arrivals(float64Arithmetic, T, D);
      sublayer.mixer.flow(sublayer.layer, trace, above, within);
      const below = arrivals(float64Arithmetic, T, D);
      for (let t = 0; t < T; t++) {
        if (sublayer.norm && within.logScales[t] > -Infinity) normalizeBack(x, t, within.values, t * D, sublayer.norm);
        below.isReached[t] = Math.max(within.isReached[t], sublayer.residual ? above.isReached[t] : 0);
        if (within.logScales[t] > -Infinity)
          addArrival(float64Arithmetic, below, t, within.values, t * D, D, within.logScales[t]);
        if (sublayer.residual && above.logScales[t] > -Infinity)
          addArrival(float64Arithmetic, below, t, above.values, t * D, D, above.logScales[t]);
      }
      above = below;
      if (sublayer.name === 'mha') boundaries.unshift(this.normsOf(above, target));
    }
    return boundaries;
  }

  /** A step before the target that has no way to it, as at the top boundary, is exactly zero; one behind it cannot reach it. */
  private normsOf({ values, logScales }: Arrivals<Float64Array>, target: number): Float64Array {
    const { width: D } = this.shape;
    return logScales.map((logScale, t) => {
      if (t > target) return NaN;
      return logScale === -Infinity ? -Infinity : log10Of(lengthOf(values, t * D, D), logScale);
    });
  }
}

/** As the vectors name the parameter of a role. */
export function nameOf(layer: number, role: string): string {
  if (role === 'P') return layer === 0 ? 'positions' : 'none';
  const isOfMlp = ['W1', 'b1', 'W2', 'b2'].includes(role);
  return `layer${layer}.${isOfMlp ? 'mlp' : 'mha'}.${role}`;
}

/** What a sublayer is given: its own. */
function gradientsOf(
  name: string,
  all: Readonly<Record<string, Float64Array>>,
): Readonly<Record<string, Float64Array>> {
  const own: Readonly<Record<string, readonly string[]>> = {
    positions: ['P'],
    mha: ['Wqkv', 'bqkv', 'Wo', 'bo'],
    mlp: ['W1', 'b1', 'W2', 'b2'],
  };
  return Object.fromEntries(Object.entries(all).filter(([role]) => own[name].includes(role)));
}
