/** The LSTM: c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh c_t. */
import { operatorParameters } from '../parameters';
import { gate, keepingGate, recurrent } from '../recurrent';

export const lstm = recurrent({
  name: 'lstm',
  label: 'LSTM',
  title: 'LSTM',
  gates: ['inputGate', 'outputGate', 'forgetGate', 'candidate'],
  parameters: operatorParameters,
  states: [
    { name: 'hidden', symbol: 'h', short: 'hidden', unitMap: 'hidden' },
    { name: 'cell', symbol: 'c', short: 'cell', unitMap: 'cellState' },
  ],
  unitMaps: [
    { name: 'hidden', label: 'hidden state', range: 'signed' },
    { name: 'cellState', label: 'cell state', range: 'unbounded' },
    keepingGate('forgetGate', 'forget gate'),
    gate('inputGate', 'input gate'),
    gate('outputGate', 'output gate'),
    { name: 'candidate', label: 'candidate', range: 'signed' },
  ],
  activation: 'fixed',
  forgetGate: 'forgetGate',
  onnx: { operator: 'LSTM', activations: ['sigmoid', 'tanh', 'tanh'], attributes: ['input_forget'] },
  torch: { module: 'nn.LSTM', gateOrder: [0, 2, 3, 1] },
  notApplicable: {},
});
