/**
 * i, f = f(W x + Wb + R h_{t−1} + Rb + P ⊙ c_{t−1}),  c̃ = g(…),  c_t = f ⊙ c_{t−1} + i ⊙ c̃,  o = f(… + P_o ⊙ c_t),  h_t = o ⊙ h(c_t)
 * Blocks in the order i o f c; peepholes i o f. With input_forget f = 1 − i.
 */
import { addThroughR, addThroughState, previousState, type Float64Cell } from '../float64Cell';
import { tangentsBack } from './tangentsBack';

export const float64: Float64Cell = {
  hasRecurrentCandidate: false,
  // With a peephole the output gate reads c_t.
  lateGates: [1],

  forward(direction, t, before, after) {
    const {
      layer: { hiddenSize: H, inputForget },
      parameters: { Rb, peepholes: P },
      activations: [f, g, h],
      states: [hidden, cellState],
      gates,
      preActivations,
    } = direction;
    const at = t * 4 * H;
    for (let j = 0; j < 4 * H; j++) preActivations[at + j] += Rb[j];
    addThroughState(direction, preActivations, at, hidden, before * H, 0, 4);
    for (let u = 0; u < H; u++) {
      const [toInput, toOutput, toForget, toCandidate] = [at + u, at + H + u, at + 2 * H + u, at + 3 * H + u];
      const cellBefore = cellState[before * H + u];
      if (P) {
        preActivations[toInput] += P[u] * cellBefore;
        preActivations[toForget] += P[2 * H + u] * cellBefore;
      }
      const input = f.value(preActivations[toInput]);
      const forget = inputForget ? 1 - input : f.value(preActivations[toForget]);
      const candidate = g.value(preActivations[toCandidate]);
      const cell = forget * cellBefore + input * candidate;
      if (P) preActivations[toOutput] += P[H + u] * cell;
      const output = f.value(preActivations[toOutput]);
      gates[toInput] = input;
      gates[toOutput] = output;
      gates[toForget] = forget;
      gates[toCandidate] = candidate;
      cellState[after * H + u] = cell;
      hidden[after * H + u] = output * h.value(cell);
    }
  },

  back(direction, way) {
    const {
      layer: { hiddenSize: H, inputForget },
      parameters: { peepholes: P },
      activations: [f, g, h],
      states: [, cellState],
      gates,
      preActivations,
    } = direction;
    const {
      n,
      step,
      before,
      after,
      hidden: dh,
      further: dc,
      furtherTotal: cellTotal,
      preActivations: da,
      recurrent,
      previous,
    } = way;
    const at = step * 4 * H;
    for (let u = 0; u < H; u++) {
      const [input, output, forget, candidate] = [
        gates[at + u],
        gates[at + H + u],
        gates[at + 2 * H + u],
        gates[at + 3 * H + u],
      ];
      const cell = cellState[after * H + u];
      const squashed = h.value(cell);
      const toCell = output * h.slope(cell, squashed);
      const toOutput = squashed * f.slope(preActivations[at + H + u], output);
      const slopeOfInput = f.slope(preActivations[at + u], input);
      const slopeOfForget = inputForget ? 0 : f.slope(preActivations[at + 2 * H + u], forget);
      const slopeOfCandidate = g.slope(preActivations[at + 3 * H + u], candidate);
      const cellBefore = cellState[before * H + u];
      for (let i = 0; i < n; i++) {
        const row = i * 4 * H;
        const dOutput = dh[i * H + u] * toOutput;
        const d = dc[i * H + u] + dh[i * H + u] * toCell + (P ? P[H + u] * dOutput : 0);
        // f = 1 − i: what would go to the forget gate goes, negated, to the input gate.
        const dInput = d * (inputForget ? candidate - cellBefore : candidate) * slopeOfInput;
        const dForget = d * cellBefore * slopeOfForget;
        cellTotal[i * H + u] = d;
        da[row + u] = dInput;
        da[row + H + u] = dOutput;
        da[row + 2 * H + u] = dForget;
        da[row + 3 * H + u] = d * input * slopeOfCandidate;
        dc[i * H + u] = d * forget + (P ? P[u] * dInput + P[2 * H + u] * dForget : 0);
      }
    }
    recurrent.set(da.subarray(0, n * 4 * H));
    previous.fill(0, 0, n * H);
    addThroughR(direction, way, previous, recurrent, 0, 4 * H, 0, 4 * H);
  },

  // ∂c_t = f ⊙ ∂c_{t−1} + c_{t−1} ⊙ ∂f + c̃ ⊙ ∂i + i ⊙ ∂c̃,  ∂h_t = h(c_t) ⊙ ∂o + o ⊙ h′(c_t) ⊙ ∂c_t
  tangents(direction, way) {
    const {
      layer: { hiddenSize: H, inputForget },
      parameters: { peepholes: P },
      activations: [f, g, h],
      states: [, cellState],
      gates,
      preActivations,
    } = direction;
    const {
      n,
      step,
      before,
      after,
      states: [dh, dc],
      products,
    } = way;
    // Sums over the gates, whose order is i o f c: what goes to c_t, and what o gives to h_t.
    const toCell = products.weightsOf(2);
    const toHidden = toCell.subarray(4 * H);
    const kept = new Float64Array(H);
    const given = new Float64Array(H);
    for (let u = 0; u < H; u++) {
      const toInput = step * 4 * H + u;
      const [toOutput, toForget, toCandidate] = [toInput + H, toInput + 2 * H, toInput + 3 * H];
      const [input, candidate, output] = [gates[toInput], gates[toCandidate], gates[toOutput]];
      const cell = cellState[after * H + u];
      const cellBefore = cellState[before * H + u];
      const squashed = h.value(cell);
      // f = 1 − i: what would move the forget gate moves, negated, the input gate.
      const byInput = (inputForget ? candidate - cellBefore : candidate) * f.slope(preActivations[toInput], input);
      const byForget = inputForget ? 0 : cellBefore * f.slope(preActivations[toForget], gates[toForget]);
      const byOutput = squashed * f.slope(preActivations[toOutput], output);
      toCell[u] = byInput;
      toCell[2 * H + u] = byForget;
      toCell[3 * H + u] = input * g.slope(preActivations[toCandidate], candidate);
      toHidden[H + u] = byOutput;
      kept[u] = gates[toForget] + (P ? P[u] * byInput + P[2 * H + u] * byForget : 0);
      given[u] = output * h.slope(cell, squashed) + (P ? P[H + u] * byOutput : 0);
    }
    const mixed = products.mix(2, dh);
    for (let u = 0; u < H; u++)
      for (let i = u * n, o = i + H * n; i < (u + 1) * n; i++, o++) {
        dc[i] = kept[u] * dc[i] + mixed[i];
        dh[i] = mixed[o] + given[u] * dc[i];
      }
  },

  tangentsBack,

  keeps: {
    state: 1,
    factors: ({ layer: { hiddenSize: H }, gates }, t, out) => {
      out.set(gates.subarray((4 * t + 2) * H, (4 * t + 3) * H));
    },
  },

  recurrentInput: (direction, _gate, _t, before, out) => {
    previousState(direction, before, out);
  },

  // Those of i and f read c_{t−1}, that of o reads c_t.
  addPeepholes(sum, { layer: { hiddenSize: H }, states: [, cellState] }, { before, after, preActivations: da }) {
    for (let u = 0; u < H; u++) {
      sum[u] += da[u] * cellState[before * H + u];
      sum[H + u] += da[H + u] * cellState[after * H + u];
      sum[2 * H + u] += da[2 * H + u] * cellState[before * H + u];
    }
  },
};
