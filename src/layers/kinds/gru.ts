/** The GRU: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}. */
import { operatorParameters } from '../parameters';
import { gate, keepingGate, recurrent } from '../recurrent';

export const gru = recurrent({
  name: 'gru',
  label: 'GRU',
  title: 'GRU',
  gates: ['updateGate', 'resetGate', 'candidate'],
  parameters: operatorParameters,
  states: [{ name: 'hidden', symbol: 'h', short: 'hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'hidden state', range: 'signed' },
    keepingGate('updateGate', 'update gate'),
    gate('resetGate', 'reset gate'),
    { name: 'candidate', label: 'candidate', range: 'signed' },
  ],
  activation: 'fixed',
  forgetGate: null,
  onnx: { operator: 'GRU', activations: ['sigmoid', 'tanh'], attributes: ['linear_before_reset'] },
  torch: { module: 'nn.GRU', gateOrder: [1, 0, 2] },
  notApplicable: {},
});
