/**
 * How strongly the loss of one target depends on what was read at one step, without any backward pass: central differences of the float64 forward pass along
 * random directions of the input. For d ~ N(0, I) the mean of (∂ℓ_τ/∂x_t · d)² is ‖∂ℓ_τ/∂x_t‖²; from twelve directions the norm is right to about a fifth, one
 * standard deviation, which is little beside the powers of ten that labels are about.
 */
import { readInFloat64 } from '../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../src/core/model/generalModel';

const directions = 12;
const step = 1e-4;

/** ‖∂ℓ_τ/∂x_t‖, x_t the token's embedding or the one-hot token; NaN where no symbol is left that does not occur in the text. @param random uniform in [0, 1) */
export function inputSensitivity(
  model: GeneralModel,
  inputs: Int32Array,
  targets: Int32Array,
  { target, at }: { readonly target: number; readonly at: number },
  random: () => number,
): number {
  const occurs = new Set(inputs);
  const spare = Array.from({ length: model.vocabularySize }, (_, id) => id).find((id) => !occurs.has(id));
  if (spare === undefined) return NaN;
  const moved = inputs.slice();
  moved[at] = spare;
  const last = readsOn(model) ? inputs.length : target + 1;
  const loss = (direction: Float64Array, size: number) =>
    -readInFloat64(withSymbol(model, spare, inputs[at], direction, size), moved.slice(0, last), targets.slice(0, last))
      .targetLogProbabilities[target];
  let squares = 0;
  for (let d = 0; d < directions; d++) {
    const direction = Float64Array.from({ length: inputWidth(model) }, () => normal(random));
    squares += ((loss(direction, step) - loss(direction, -step)) / (2 * step)) ** 2;
  }
  return Math.sqrt(squares / directions);
}

const readsOn = ({ layers }: GeneralModel) => layers.some((layer) => layer.directions.length > 1);

const inputWidth = ({ embedding, vocabularySize, layers }: GeneralModel) =>
  embedding ? embedding.length / vocabularySize : layers[0].inputSize;

/** The model with the symbol `spare` read as the input of `id`, moved along a direction. */
function withSymbol(
  model: GeneralModel,
  spare: number,
  id: number,
  direction: Float64Array,
  size: number,
): GeneralModel {
  const { embedding, vocabularySize, layers } = model;
  if (embedding) {
    const E = embedding.length / vocabularySize;
    const own = Float64Array.from(embedding);
    for (let i = 0; i < E; i++) own[spare * E + i] = embedding[id * E + i] + size * direction[i];
    return { ...model, embedding: own };
  }
  const [lowest, ...others] = layers;
  const I = lowest.inputSize;
  const moved = lowest.directions.map((parameters) => {
    const W = Float64Array.from(parameters.W);
    for (let row = 0; row < W.length / I; row++) {
      let change = 0;
      for (let i = 0; i < I; i++) change += parameters.W[row * I + i] * direction[i];
      W[row * I + spare] = parameters.W[row * I + id] + size * change;
    }
    return { ...parameters, W };
  });
  return { ...model, layers: [{ ...lowest, directions: moved }, ...others] };
}

/** Box and Muller's. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
