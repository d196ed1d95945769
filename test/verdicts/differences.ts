/**
 * How strongly the loss of one target depends on what was read at one step, without any backward pass: central differences of the float64 forward pass along
 * random directions of the input. For d ~ N(0, I) the mean of (∂ℓ_τ/∂x_t · d)² is ‖∂ℓ_τ/∂x_t‖²; from eight directions the norm is right to about a quarter, one
 * standard deviation, which is little beside the powers of ten that labels are about.
 */
import { readInFloat64 } from '../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../src/core/model/generalModel';

const directions = 8;
const step = 1e-4;
/** A loss of some nats is rounded by 10⁻¹⁵ or so, which the step makes 10⁻¹¹. */
const leastNorm = 1e-10;

/**
 * ‖∂ℓ_τ/∂x_t‖, x_t the token's embedding or the one-hot token; NaN where it is so small that the rounding of the loss hides it. @param random uniform in [0, 1)
 */
export function inputSensitivity(
  model: GeneralModel,
  inputs: Int32Array,
  targets: Int32Array,
  { target, at }: { readonly target: number; readonly at: number },
  random: () => number,
): number {
  const moved = inputs.slice();
  moved[at] = model.vocabularySize;
  const last = readsOn(model) ? inputs.length : target + 1;
  const loss = (direction: Float64Array, size: number) =>
    -readInFloat64(withSymbol(model, inputs[at], direction, size), moved.slice(0, last), targets.slice(0, last))
      .targetLogProbabilities[target];
  let squares = 0;
  for (let d = 0; d < directions; d++) {
    const direction = Float64Array.from({ length: inputWidth(model) }, () => normal(random));
    squares += ((loss(direction, step) - loss(direction, -step)) / (2 * step)) ** 2;
  }
  const norm = Math.sqrt(squares / directions);
  return norm < leastNorm ? NaN : norm;
}

const readsOn = ({ layers }: GeneralModel) => layers.some((layer) => layer.directions.length > 1);

const inputWidth = ({ embedding, vocabularySize, layers }: GeneralModel) =>
  embedding ? embedding.length / vocabularySize : layers[0].inputSize;

/** The model with one more symbol, which is read as the input of `id`, moved along a direction, and never predicted. */
function withSymbol(model: GeneralModel, id: number, direction: Float64Array, size: number): GeneralModel {
  const { embedding, vocabularySize: V, layers, output } = model;
  const b = Float64Array.from([...output.b, -1e9]);
  const W = new Float64Array(output.W.length + output.W.length / V);
  W.set(output.W);
  const more = { ...model, vocabularySize: V + 1, output: { W, b } };
  if (embedding) {
    const E = embedding.length / V;
    const own = new Float64Array((V + 1) * E);
    own.set(embedding);
    for (let i = 0; i < E; i++) own[V * E + i] = embedding[id * E + i] + size * direction[i];
    return { ...more, embedding: own };
  }
  const [lowest, ...others] = layers;
  const moved = lowest.directions.map((parameters) => ({
    ...parameters,
    W: withColumn(parameters.W, lowest.inputSize, id, direction, size),
  }));
  return { ...more, layers: [{ ...lowest, inputSize: lowest.inputSize + 1, directions: moved }, ...others] };
}

/** W [rows, I] with a column more: that of `id`, and W times the direction. */
function withColumn(W: ArrayLike<number>, I: number, id: number, direction: Float64Array, size: number): Float64Array {
  const rows = W.length / I;
  const wider = new Float64Array(rows * (I + 1));
  for (let row = 0; row < rows; row++) {
    let change = 0;
    for (let i = 0; i < I; i++) {
      wider[row * (I + 1) + i] = W[row * I + i];
      change += W[row * I + i] * direction[i];
    }
    wider[row * (I + 1) + I] = W[row * I + id] + size * change;
  }
  return wider;
}

/** Box and Muller's. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
