/** A vanilla relu RNN that stays linear, with a closed answer at any lag: R = gP, P a permutation (orthogonal), states positive. */
import type { ReferenceModel } from './model';

export interface LinearRelu {
  readonly model: ReferenceModel;
  /** T + 1 ids, to be inspected from the zero state. */
  readonly ids: readonly number[];
  /** log₁₀(‖δ_{τ→t}‖ / ‖δ_{τ→τ}‖) of lag τ − t: ‖δ_{τ→t}‖ = g^(τ−t) ‖δ_{τ→τ}‖. */
  readonly log10OfLag: (lag: number) => number;
}

/**
 * Every h_t is 2 in every unit, so the forward pass stays put while the gradient goes as g^lag: 2g + b = 2 with b = 2 − 2g. From
 * the zero state the first token, id 0 and used nowhere else, lifts the state to 2: its column of W is 2 − b. All of this is exact in
 * float32 for these three gains; with others the state would drift from 2 by rounding, which g > 1 amplifies.
 */
export function linearRelu(gain: 0.5 | 1 | 1.5, steps: number, hiddenSize = 8, vocabularySize = 5): LinearRelu {
  const R = new Float64Array(hiddenSize * hiddenSize);
  // A stride without common factor with the size visits every unit once.
  const stride = hiddenSize % 3 === 0 ? 1 : 3;
  for (let row = 0; row < hiddenSize; row++) R[row * hiddenSize + ((row * stride + 1) % hiddenSize)] = gain;
  const bias = 2 - 2 * gain;
  const W = new Float64Array(hiddenSize * vocabularySize);
  for (let row = 0; row < hiddenSize; row++) W[row * vocabularySize] = 2 - bias;
  const output = Float64Array.from({ length: vocabularySize * hiddenSize }, (_, k) => Math.sin(k + 1) / 4);
  return {
    model: {
      cell: 'rnn',
      activation: 'relu',
      layers: [{ W, R, Wb: new Float64Array(hiddenSize).fill(bias), Rb: new Float64Array(hiddenSize) }],
      output: { W: output, b: new Float64Array(vocabularySize) },
    },
    ids: [0, ...Array.from({ length: steps }, (_, t) => 1 + (t % (vocabularySize - 1)))],
    log10OfLag: (lag) => lag * Math.log10(gain),
  };
}
