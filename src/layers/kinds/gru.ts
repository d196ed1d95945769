/** The GRU: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}. */
import { operatorParameters } from '../parameters';
import { gate, keepingGate, recurrent } from '../recurrent';

export const gru = recurrent({
  name: 'gru',
  label: 'GRU',
  title: 'cell.gru.title',
  path: 'panel.path.product',
  equations: [
    'z, r = σ(W x_t + W_b + R h_{t−1} + R_b)',
    'n = tanh(W_n x_t + W_{b,n} + r ⊙ (R_n h_{t−1} + R_{b,n}))',
    'h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}',
  ],
  gates: ['updateGate', 'resetGate', 'candidate'],
  parameters: operatorParameters,
  states: [{ name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', symbol: 'h', range: 'signed' },
    keepingGate('updateGate', 'unitMap.updateGate', 'z'),
    gate('resetGate', 'unitMap.resetGate', 'r'),
    { name: 'candidate', label: 'unitMap.candidate', symbol: 'n', range: 'signed' },
  ],
  activation: 'fixed',
  options: [],
  forgetGate: null,
  onnx: { operator: 'GRU', activations: ['sigmoid', 'tanh'], attributes: ['linear_before_reset'] },
  torch: { module: 'nn.GRU', gateOrder: [1, 0, 2] },
  notApplicable: {},
});
