/**
 * What each token left in the state that made a prediction, as its part of one symbol's logit: exact and additive, with the gates
 * held fixed.
 *   LSTM:  c_t = Σ_k (Π_{j=k+1..t} f_j) ⊙ i_k ⊙ g_k,  part k = V·[o_t ⊙ (tanh C_k − tanh C_{k−1})], C_k the partial sums
 *   GRU:   h_t = Σ_k (Π_{j=k+1..t} z_j) ⊙ (1 − z_k) ⊙ n_k,  part k = V·term_k
 * A backward direction reads its tokens from the other end, and V has columns of its own for it. The parts, and that of the
 * carried-in state, sum to V·h_t (the logit without its bias).
 */
import { cellOf } from '../model/cells/registry';
import { before } from '../model/directionTape';
import type { DirectionTrace, Floats, LayerTrace, Trace } from '../model/trace';

export interface Contributions {
  /** Part of each of the T tokens; 0 for those that cannot have left anything. */
  readonly parts: Float64Array;
  /** Part of the state carried in. */
  readonly carriedIn: number;
}

/** A score of one direction's state: `weight` of each unit, from that direction's steps up to `step` in its own order. */
interface Score {
  readonly layer: LayerTrace;
  readonly direction: DirectionTrace;
  readonly weights: Floats;
  /** Steps in the order they are read, the one that is scored last. */
  readonly order: readonly number[];
}

/**
 * For the prediction of `symbol` by the top layer after step `step`. Null for a cell without gates.
 * @param W of the output layer, [V, D·H]
 */
export function contributionsTo({ layers, steps }: Pick<Trace, 'layers' | 'steps'>, W: Floats, symbol: number, step: number): Contributions | null {
  const layer = layers[layers.length - 1];
  const { cell, hiddenSize: H, directions } = layer;
  if (cell === 'rnn') return null;
  const parts = new Float64Array(steps);
  let carriedIn = 0;
  directions.forEach((direction, d) => {
    const first = (symbol * directions.length + d) * H;
    const weights = W.subarray(first, first + H);
    const order = direction.direction === 'forward' ? range(0, step, 1) : range(steps - 1, step, -1);
    const score = { layer, direction, weights, order };
    carriedIn += cell === 'lstm' ? addLstm(parts, score) : addGru(parts, score);
  });
  return { parts, carriedIn };
}

/** Adds to each token's part; returns the carried-in state's. */
function addLstm(parts: Float64Array, { layer, direction, weights, order }: Score): number {
  const H = layer.hiddenSize;
  const [inputGate, outputGate, forgetGate, candidate] = gates(layer, direction);
  const initial = before(direction, order[0]) * H;
  let carriedIn = 0;
  for (let u = 0; u < H; u++) {
    const terms = surviving(order, (t) => forgetGate(t, u), (t) => inputGate(t, u) * candidate(t, u), direction.cellState[initial + u]);
    const weight = weights[u] * outputGate(order[order.length - 1], u);
    let sum = terms.carriedIn;
    let squashed = Math.tanh(sum);
    carriedIn += weight * squashed;
    order.forEach((t, k) => {
      sum += terms.values[k];
      const next = Math.tanh(sum);
      parts[t] += weight * (next - squashed);
      squashed = next;
    });
  }
  return carriedIn;
}

function addGru(parts: Float64Array, { layer, direction, weights, order }: Score): number {
  const H = layer.hiddenSize;
  const [updateGate, , candidate] = gates(layer, direction);
  const initial = before(direction, order[0]) * H;
  let carriedIn = 0;
  for (let u = 0; u < H; u++) {
    const terms = surviving(order, (t) => updateGate(t, u), (t) => (1 - updateGate(t, u)) * candidate(t, u), direction.hidden[initial + u]);
    carriedIn += weights[u] * terms.carriedIn;
    order.forEach((t, k) => (parts[t] += weights[u] * terms.values[k]));
  }
  return carriedIn;
}

/** Activation of each gate, in the cell's order, by step and unit. */
function gates({ cell, hiddenSize: H }: LayerTrace, { gates: values }: DirectionTrace): ((t: number, u: number) => number)[] {
  const { gates: names } = cellOf(cell);
  return names.map((_, block) => (t, u) => values[(t * names.length + block) * H + u]);
}

/** What of each step's `written` is left at the last step after all the later `kept` factors, for one unit. */
function surviving(order: readonly number[], kept: (t: number) => number, written: (t: number) => number, initial: number): { values: Float64Array; carriedIn: number } {
  const values = new Float64Array(order.length);
  let survives = 1;
  for (let k = order.length - 1; k >= 0; k--) {
    values[k] = survives * written(order[k]);
    survives *= kept(order[k]);
  }
  return { values, carriedIn: survives * initial };
}

function range(from: number, to: number, by: 1 | -1): number[] {
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + by * i);
}
