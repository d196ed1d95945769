/** The LSTM: c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh c_t. */
import { noOptions } from '../options';
import { operatorParameters } from '../parameters';
import { adjustRecurrent, gainControl, keepBias, matrixControl, recurrentFact } from '../playground';
import { gate, keepingGate, recurrent } from '../recurrent';

export const lstm = recurrent({
  name: 'lstm',
  label: 'LSTM',
  title: 'cell.lstm.title',
  path: 'panel.path.product',
  equations: [
    'i, o, f = σ(W x_t + W_b + R h_{t−1} + R_b)',
    'g = tanh(W x_t + W_b + R h_{t−1} + R_b)',
    'c_t = f ⊙ c_{t−1} + i ⊙ g',
    'h_t = o ⊙ tanh c_t',
  ],
  gates: ['inputGate', 'outputGate', 'forgetGate', 'candidate'],
  parameters: operatorParameters,
  states: [
    { name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' },
    { name: 'cell', symbol: 'c', short: 'state.cell', unitMap: 'cellState' },
  ],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', symbol: 'h', range: 'signed' },
    { name: 'cellState', label: 'unitMap.cellState', symbol: 'c', range: 'unbounded' },
    keepingGate('forgetGate', 'unitMap.forgetGate', 'f'),
    gate('inputGate', 'unitMap.inputGate', 'i'),
    gate('outputGate', 'unitMap.outputGate', 'o'),
    { name: 'candidate', label: 'unitMap.candidate', symbol: 'g', range: 'signed' },
  ],
  activation: 'fixed',
  options: [],
  forgetGate: 'forgetGate',
  onnx: { operator: 'LSTM', activations: ['sigmoid', 'tanh', 'tanh'], attributes: ['input_forget'] },
  torch: { module: 'nn.LSTM', gateOrder: [0, 2, 3, 1] },
  keras: { layer: 'LSTM', gateOrder: [0, 2, 3, 1] },
  notApplicable: { omega: 'cell.notVanilla' },
  playground: {
    hiddenSize: 32,
    deviation: 0.2,
    controls: [matrixControl, gainControl, { ...keepBias, of: 'forgetGate' }],
    first: {},
    options: () => noOptions,
    adjust: adjustRecurrent({ control: keepBias, block: 2 }),
    fact: recurrentFact,
    formula: 'f_t = σ(W_f x_t + b + g Q_f h_{t−1}), c_t = f_t ⊙ c_{t−1} + i_t ⊙ c̃_t',
    explained: 'panel.playground.explainedCells',
  },
});
