/** The minimal GRU (Feng et al. 2024, arXiv:2410.01201), whose gate depends on the input alone: h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃. */
import { noOptions } from '../options';
import { linearBias, linearWeights } from '../parameters';
import { gatesFact, logistic, numberAt, scale, selectivityControl, type SliderControl } from '../playground';
import { gate, positive, recurrent } from '../recurrent';

/** Of the write gate: the larger, the shorter the memory. */
const writeBias = {
  type: 'slider',
  name: 'writeBias',
  label: 'panel.playground.gateBias',
  of: 'writeGate',
  default: -2,
  min: -8,
  max: 4,
  step: 0.1,
} as const satisfies SliderControl;

export const minGRU = recurrent({
  name: 'minGRU',
  label: 'minGRU',
  title: 'cell.minGRU.title',
  path: 'panel.path.decay',
  equations: ['z = σ(W_z x_t + b_z)', 'h̃ = W_h x_t + b_h', 'a_t = 1 − z', 'h_t = a_t ⊙ h_{t−1} + z ⊙ h̃'],
  // Not the GRU's update gate, which keeps the state: this one writes.
  gates: ['writeGate', 'candidate'],
  parameters: [linearWeights('to_hidden_and_gate.weight'), linearBias('to_hidden_and_gate.bias')],
  states: [{ name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', symbol: 'h', range: 'unbounded' },
    {
      name: 'keepingFactor',
      label: 'unitMap.keepingFactor',
      symbol: 'a',
      range: 'share',
      keeps: true,
      of: ([z]) => 1 - z,
    },
    gate('writeGate', 'unitMap.writeGate', 'z'),
    { name: 'candidate', label: 'unitMap.candidate', symbol: 'h̃', range: 'unbounded' },
  ],
  activation: 'fixed',
  options: [positive],
  forgetGate: null,
  onnx: null,
  torch: null,
  linears: {
    whole: 'to_hidden_and_gate',
    gateOrder: [1, 0],
    published: { positive: true },
    library: 'minGRU-pytorch',
    each: ['linear_z', 'linear_h'],
    projection: 'to_out',
  },
  notApplicable: { omega: 'cell.notVanilla' },
  playground: {
    hiddenSize: 32,
    deviation: 0.2,
    controls: [writeBias, selectivityControl],
    first: {},
    options: () => noOptions,
    // The write gate is the first block.
    adjust({ W, Wb }, at, { hidden: H, input: I }) {
      scale(W.subarray(0, H * I), numberAt(at, selectivityControl));
      Wb.fill(numberAt(at, writeBias), 0, H);
    },
    fact: (at) => gatesFact(1 - logistic(numberAt(at, writeBias))),
    formula: 'z_t = σ(s W_z x_t + b), h_t = (1 − z_t) ⊙ h_{t−1} + z_t ⊙ h̃_t',
    explained: 'panel.playground.explainedGates',
  },
});
