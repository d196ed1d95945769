/** The GRU: h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}. */
import { noOptions } from '../options';
import { operatorParameters } from '../parameters';
import { adjustRecurrent, gainControl, keepBias, matrixControl, recurrentFact } from '../playground';
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
  keras: { layer: 'GRU', gateOrder: [0, 1, 2] },
  notApplicable: { omega: 'cell.notVanilla' },
  playground: {
    hiddenSize: 32,
    deviation: 0.2,
    controls: [matrixControl, gainControl, { ...keepBias, of: 'updateGate' }],
    first: {},
    options: () => noOptions,
    adjust: adjustRecurrent({ control: keepBias, block: 0 }),
    fact: recurrentFact,
    formula: 'z_t = σ(W_z x_t + b + g Q_z h_{t−1}), h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ n_t',
    explained: 'panel.playground.explainedCells',
  },
});
