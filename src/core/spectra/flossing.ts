/**
 * Gradient flossing (Engelken 2023, arXiv:2312.17306): pulls Lyapunov exponents toward 0, where a gradient neither vanishes nor explodes. Of each recurrent layer and direction
 *   F = Σ_i λ_i²,  λ_i = (1/T) Σ_t ln |R_t,ii|,  Q_t R_t = J_t Q_{t−1},  J_t = ∂s_t/∂s_{t−1},
 * over the first k exponents of a window; s is all that the layer carries, of an LSTM (h, c). Its gradient is exact: back through every QR, through J_t to R and to all
 * that it is computed from, and from there to all parameters below.
 */
import type { Float64Layer, Float64Trace } from '../float64/float64Trace';
import { layerBack, type DirectionGradient } from '../float64/layerBack';
import type { NormGradient } from '../float64/norm';
import type { TraceGradient } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { followDirections, type Directions } from './flossedDirections';
import { flossFactors } from './flossedFactors';
import type { Flossed } from './flossed';

export interface Flossing {
  /** F of all layers and directions. */
  readonly loss: number;
  /** λ of each layer and direction, in the order in which they are followed: falling, once the text is long. */
  readonly exponents: readonly (readonly Float64Array[])[];
  /** Of F; null where an exponent is not finite, since some direction is lost at a step: then there is none. */
  readonly gradient: () => FlossingGradient | null;
}

export interface FlossingGradient {
  readonly layers: readonly (readonly DirectionGradient[])[];
  readonly norms: readonly (readonly (NormGradient | null)[])[];
  /** [V, E]; null of one-hot tokens. */
  readonly embedding: Float64Array | null;
}

/**
 * Of a text that has been read by layers whose cells have `tangentsBack` or `logFactorsBack`.
 * @param starts of each layer and direction
 */
export function floss(trace: Float64Trace, starts: readonly (readonly Directions[])[]): Flossing {
  const flossed = trace.layers.map((layer, l) =>
    layer.directions.map((own, d) => flossedOf(trace.steps, layer, own, starts[l][d])),
  );
  const exponents = flossed.map((directions) => directions.map((each) => each.exponents));
  const loss = exponents.flat().reduce((sum, each) => each.reduce((squares, λ) => squares + λ * λ, sum), 0);
  return { loss, exponents, gradient: () => (Number.isFinite(loss) ? gradientOf(trace, flossed) : null) };
}

function flossedOf(
  steps: number,
  { cell: name }: Float64Layer,
  own: Float64Layer['directions'][number],
  start: Directions,
): Flossed {
  const cell = float64CellOf(name);
  return cell.logFactorsBack ? flossFactors(steps, own, cell, start.k) : followDirections(steps, own, cell, start);
}

function gradientOf(trace: Float64Trace, flossed: readonly (readonly Flossed[])[]): FlossingGradient {
  const { layers, steps: T, inputs, model } = trace;
  const found: { readonly gradient: readonly DirectionGradient[]; readonly norms: readonly (NormGradient | null)[] }[] =
    [];
  let above: Float64Array = new Float64Array(layers[layers.length - 1].output.length);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { directions } = layers[l];
    const besides = directions.map((own) => zeroTraceGradient(own));
    const ofR = directions.map(({ parameters }) => new Float64Array(parameters.R.length));
    flossed[l].forEach((each, d) => {
      each.back(besides[d], ofR[d]);
    });
    const back = layerBack(trace, l, above, null, true, null, besides);
    back.gradient.forEach(({ R }, d) => {
      for (let i = 0; i < R.length; i++) R[i] += ofR[d][i];
    });
    found.unshift(back);
    above = back.below ?? new Float64Array(0);
  }
  let embedding: Float64Array | null = null;
  if (model.embedding) {
    const E = model.embedding.length / model.vocabularySize;
    embedding = new Float64Array(model.embedding.length);
    for (let t = 0; t < T; t++) for (let i = 0; i < E; i++) embedding[inputs[t] * E + i] += above[t * E + i];
  }
  return { layers: found.map(({ gradient }) => gradient), norms: found.map(({ norms }) => norms), embedding };
}

function zeroTraceGradient({ states, preActivations }: Float64Layer['directions'][number]): TraceGradient {
  const zeros = ({ length }: Float64Array) => new Float64Array(length);
  return { states: states.map(zeros), preActivations: zeros(preActivations), recurrent: zeros(preActivations) };
}
