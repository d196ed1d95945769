/** The GRU: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}. */
import { operatorParameters } from '../parameters';
import { gate, keepingGate, recurrent } from '../recurrent';

export const gru = recurrent({
  name: 'gru',
  label: 'GRU',
  title: 'cell.gru.title',
  path: 'panel.path.product',
  gates: ['updateGate', 'resetGate', 'candidate'],
  parameters: operatorParameters,
  states: [{ name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', range: 'signed' },
    keepingGate('updateGate', 'unitMap.updateGate'),
    gate('resetGate', 'unitMap.resetGate'),
    { name: 'candidate', label: 'unitMap.candidate', range: 'signed' },
  ],
  activation: 'fixed',
  options: [],
  forgetGate: null,
  onnx: { operator: 'GRU', activations: ['sigmoid', 'tanh'], attributes: ['linear_before_reset'] },
  torch: { module: 'nn.GRU', gateOrder: [1, 0, 2] },
  notApplicable: {},
});
