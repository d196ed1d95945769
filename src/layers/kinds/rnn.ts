/** The vanilla RNN: h_t = φ(W x_t + Wb + R h_{t−1} + Rb). */
import { noOptions } from '../options';
import { operatorParameters } from '../parameters';
import { activationControl, adjustRecurrent, gainControl, matrixControl, recurrentFact } from '../playground';
import { recurrent } from '../recurrent';

export const rnn = recurrent({
  name: 'rnn',
  label: 'RNN',
  title: 'cell.rnn.title',
  path: 'panel.path.product',
  equations: ['a_t = W x_t + W_b + R h_{t−1} + R_b', 'h_t = φ(a_t)'],
  gates: ['preActivation'],
  parameters: operatorParameters,
  states: [{ name: 'hidden', symbol: 'h', short: 'state.hidden', unitMap: 'hidden' }],
  unitMaps: [
    { name: 'hidden', label: 'unitMap.hidden', symbol: 'h', range: { tanh: 'signed', relu: 'unbounded' } },
    { name: 'preActivation', label: 'unitMap.preActivation', symbol: 'a', range: 'unbounded', isActivated: true },
  ],
  activation: 'chosen',
  options: [],
  forgetGate: null,
  onnx: { operator: 'RNN', activations: ['chosen'], attributes: [] },
  torch: { module: 'nn.RNN', gateOrder: [0] },
  keras: { layer: 'SimpleRNN', gateOrder: [0] },
  notApplicable: { contributions: 'cell.rnn.notAdditive' },
  playground: {
    hiddenSize: 32,
    deviation: 0.2,
    controls: [activationControl, matrixControl, gainControl],
    first: {},
    options: () => noOptions,
    adjust: adjustRecurrent(null),
    fact: recurrentFact,
    formula: 'h_t = φ(W x_t + g Q h_{t−1})',
    explained: 'panel.playground.explained',
  },
});
