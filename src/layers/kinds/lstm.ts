/** The LSTM: c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh c_t. */
import { operatorParameters } from '../parameters';
import { gate, keepingGate, recurrent } from '../recurrent';

export const lstm = recurrent({
  name: 'lstm',
  label: 'LSTM',
  title: 'cell.lstm.title',
  path: 'panel.path.product',
  gates: ['inputGate', 'outputGate', 'forgetGate', 'candidate'],
  parameters: operatorParameters,
  states: [
    { name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' },
    { name: 'cell', symbol: 'c', short: 'state.cell', unitMap: 'cellState' },
  ],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', range: 'signed' },
    { name: 'cellState', label: 'unitMap.cellState', range: 'unbounded' },
    keepingGate('forgetGate', 'unitMap.forgetGate'),
    gate('inputGate', 'unitMap.inputGate'),
    gate('outputGate', 'unitMap.outputGate'),
    { name: 'candidate', label: 'unitMap.candidate', range: 'signed' },
  ],
  activation: 'fixed',
  options: [],
  forgetGate: 'forgetGate',
  onnx: { operator: 'LSTM', activations: ['sigmoid', 'tanh', 'tanh'], attributes: ['input_forget'] },
  torch: { module: 'nn.LSTM', gateOrder: [0, 2, 3, 1] },
  notApplicable: {},
});
