/** The minimal LSTM (Feng et al. 2024, arXiv:2410.01201), whose gates depend on the input alone: h_t = f′ ⊙ h_{t−1} + i′ ⊙ h̃, f′ = f / (f + i), i′ = i / (f + i). */
import { noOptions } from '../options';
import { linearBias, linearWeights } from '../parameters';
import { gatesFact, keepBias, logistic, numberAt, scale, selectivityControl } from '../playground';
import { gate, positive, recurrent } from '../recurrent';

export const minLSTM = recurrent({
  name: 'minLSTM',
  label: 'minLSTM',
  title: 'cell.minLSTM.title',
  path: 'panel.path.decay',
  equations: ['f, i = σ(W x_t + b)', 'h̃ = W_h x_t + b_h', 'a_t = f / (f + i)', 'h_t = a_t ⊙ h_{t−1} + (1 − a_t) ⊙ h̃'],
  // Not the LSTM's forget gate, by which the state is multiplied: here its share in f + i is.
  gates: ['relativeForgetGate', 'inputGate', 'candidate'],
  parameters: [linearWeights('to_hidden_and_f_i_gate.weight'), linearBias('to_hidden_and_f_i_gate.bias')],
  states: [{ name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', symbol: 'h', range: 'unbounded' },
    {
      name: 'keepingFactor',
      label: 'unitMap.keepingFactor',
      symbol: 'a',
      range: 'share',
      keeps: true,
      of: ([f, i]) => f / (f + i),
    },
    gate('relativeForgetGate', 'unitMap.forgetGate', 'f'),
    gate('inputGate', 'unitMap.inputGate', 'i'),
    { name: 'candidate', label: 'unitMap.candidate', symbol: 'h̃', range: 'unbounded' },
  ],
  activation: 'fixed',
  options: [positive],
  forgetGate: 'relativeForgetGate',
  onnx: null,
  torch: null,
  linears: {
    whole: 'to_hidden_and_f_i_gate',
    gateOrder: [2, 0, 1],
    published: { positive: true },
    library: 'minGRU-pytorch',
    each: ['linear_f', 'linear_i', 'linear_h'],
    projection: 'to_out',
  },
  notApplicable: { omega: 'cell.notVanilla' },
  playground: {
    hiddenSize: 32,
    deviation: 0.2,
    controls: [{ ...keepBias, of: 'relativeForgetGate' }, selectivityControl],
    first: {},
    options: () => noOptions,
    // The forget gate is the first block, the input gate, whose bias is 0, the second.
    adjust({ W, Wb }, at, { hidden: H, input: I }) {
      scale(W.subarray(0, 2 * H * I), numberAt(at, selectivityControl));
      Wb.fill(numberAt(at, keepBias), 0, H);
    },
    fact(at) {
      const [f, i] = [logistic(numberAt(at, keepBias)), logistic(0)];
      return gatesFact(f / (f + i));
    },
    formula: 'f_t = σ(s W_f x_t + b), i_t = σ(s W_i x_t), h_t = (f_t ⊙ h_{t−1} + i_t ⊙ h̃_t) / (f_t + i_t)',
    explained: 'panel.playground.explainedGates',
  },
});
