/**
 * What each earlier token left in the state that made a prediction, as its part of one symbol's logit: exact and additive, with
 * the gates held fixed.
 *   LSTM:  c_t = Σ_k (Π_{j=k+1..t} f_j) ⊙ i_k ⊙ g_k,  part k = V·[o_t ⊙ (tanh C_k − tanh C_{k−1})], C_k the partial sums
 *   GRU:   h_t = Σ_k (Π_{j=k+1..t} z_j) ⊙ (1 − z_k) ⊙ n_k,  part k = V·term_k
 * The parts, and that of the carried-in state, sum to V·h_t (the logit without its bias).
 */
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';

export interface Contributions {
  /** Part of each token 0 … t. */
  readonly parts: Float64Array;
  /** Part of the state carried in. */
  readonly carriedIn: number;
}

/** For the prediction of `symbol` by the top layer after step `step` of a tape of one stream. Null for a cell without gates. */
export function contributionsTo(tape: Tape, parameters: Parameters, symbol: number, step: number): Contributions | null {
  const { cell, hiddenSize: H } = tape.config;
  const weights = parameters.output.W.subarray(symbol * H, (symbol + 1) * H);
  if (cell === 'lstm') return lstmContributions(tape, weights, step);
  return cell === 'gru' ? gruContributions(tape, weights, step) : null;
}

function lstmContributions(tape: Tape, weights: Float32Array, step: number): Contributions {
  const H = tape.config.hiddenSize;
  const { cellState, saved } = tape.layers[tape.layers.length - 1];
  const { inputGate, outputGate, forgetGate, candidate } = saved as Record<'inputGate' | 'outputGate' | 'forgetGate' | 'candidate', Float32Array>;
  const parts = new Float64Array(step + 1);
  let carriedIn = 0;
  for (let u = 0; u < H; u++) {
    const terms = surviving(step, (k) => forgetGate[k * H + u], (k) => inputGate[k * H + u] * candidate[k * H + u], cellState[u]);
    const weight = weights[u] * outputGate[step * H + u];
    let sum = terms.carriedIn;
    let before = Math.tanh(sum);
    carriedIn += weight * before;
    for (let k = 0; k <= step; k++) {
      sum += terms.values[k];
      const after = Math.tanh(sum);
      parts[k] += weight * (after - before);
      before = after;
    }
  }
  return { parts, carriedIn };
}

function gruContributions(tape: Tape, weights: Float32Array, step: number): Contributions {
  const H = tape.config.hiddenSize;
  const { hidden, saved } = tape.layers[tape.layers.length - 1];
  const { updateGate, candidate } = saved as Record<'updateGate' | 'candidate', Float32Array>;
  const parts = new Float64Array(step + 1);
  let carriedIn = 0;
  for (let u = 0; u < H; u++) {
    const terms = surviving(step, (k) => updateGate[k * H + u], (k) => (1 - updateGate[k * H + u]) * candidate[k * H + u], hidden[u]);
    carriedIn += weights[u] * terms.carriedIn;
    for (let k = 0; k <= step; k++) parts[k] += weights[u] * terms.values[k];
  }
  return { parts, carriedIn };
}

/** What of each step's `written` is left at `step` after all the later `kept` factors, for one unit. */
function surviving(step: number, kept: (k: number) => number, written: (k: number) => number, initial: number): { values: Float64Array; carriedIn: number } {
  const values = new Float64Array(step + 1);
  let survives = 1;
  for (let k = step; k >= 0; k--) {
    values[k] = survives * written(k);
    survives *= kept(k);
  }
  return { values, carriedIn: survives * initial };
}
