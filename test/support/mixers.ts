/**
 * Two mixers that exist in tests only, so that everything that walks a stack is tried without a kind that people train.
 *   mean    y_t = w ⊙ (Σ_{k ≤ t} x_k) / (t + 1)                         no state
 *   leaky   s_t = a ⊙ s_{t−1} + U x_t, y_t = V s_t; then y = x + v ⊙ x²   a state of 2·H + 1 numbers, and a second sublayer
 * Written naively; their gradients are compared with central differences.
 */
import { addCode } from '../../src/core/layers/registry';
import { addKind, type CellName } from '../../src/layers/catalog';
import { bare, mixer } from '../../src/layers/mixer';
import { noOptions } from '../../src/layers/options';
import type { KindPlayground } from '../../src/layers/playground';
import { uniformWithin } from '../../src/layers/parameters';
import { leakyInFloat64, makeLeaky, widthOf } from './testMixers/leaky';
import { makeMean, meanInFloat64 } from './testMixers/mean';
import { makeSquare, squareInFloat64 } from './testMixers/square';

const drawn = (bound: number) => ({ first: () => uniformWithin(bound) });

const noCheck = () => {
  // Every size will do.
};

/** Nobody plays with them. */
const playground = {
  hiddenSize: 8,
  deviation: 1,
  controls: [],
  first: {},
  options: () => noOptions,
  adjust: () => undefined,
  fact: () => ({ key: 'panel.playground.explained', numbers: [] }),
  formula: 'y',
  explained: 'panel.playground.explained',
} as const satisfies KindPlayground;

export const mean: CellName = addKind(
  mixer({
    name: 'testMean',
    label: 'Mean',
    title: 'cell.rnn.title',
    path: 'panel.path.direct',
    equations: [],
    parameters: [{ role: 'w', shape: ({ hidden }) => [hidden], initialization: drawn(1), tensor: 'w', torch: null }],
    states: [],
    unitMaps: [],
    options: [
      { name: 'context', type: 'number', default: 32, min: 1, max: 64, isWhole: true, help: 'option.positive.help' },
    ],
    sublayers: () => [{ name: '', states: [] }],
    context: ({ context }) => Number(context),
    check: noCheck,
    surroundings: bare,
    widthStep: () => 1,
    deviationAround: null,
    notApplicable: { truncation: 'cell.rnn.notAdditive' },
    playground,
  }),
);
addCode(mean, { sublayers: { '': { make: makeMean, float64: meanInFloat64 } } });

export const leaky: CellName = addKind(
  mixer({
    name: 'testLeaky',
    label: 'Leaky',
    title: 'cell.rnn.title',
    path: 'panel.path.direct',
    equations: [],
    parameters: [
      { role: 'a', shape: ({ hidden }) => [widthOf(hidden)], initialization: drawn(0.9), tensor: 'a', torch: null },
      {
        role: 'U',
        shape: ({ input, hidden }) => [widthOf(hidden), input],
        initialization: drawn(0.7),
        tensor: 'U',
        torch: null,
      },
      {
        role: 'V',
        shape: ({ hidden }) => [hidden, widthOf(hidden)],
        initialization: drawn(0.7),
        tensor: 'V',
        torch: null,
      },
      { role: 'v', shape: ({ hidden }) => [hidden], initialization: drawn(0.5), tensor: 'v', torch: null },
    ],
    states: [
      {
        name: 'leakyState',
        symbol: 's',
        short: 'state.hidden',
        unitMap: 'leakyState',
        width: ({ hidden }) => widthOf(hidden),
      },
    ],
    unitMaps: [
      {
        name: 'leakyState',
        label: 'unitMap.hidden',
        symbol: 's',
        range: 'unbounded',
        units: ({ hidden }) => widthOf(hidden),
      },
    ],
    options: [],
    sublayers: () => [
      { name: 'scan', states: ['leakyState'] },
      { name: 'square', states: [], around: 'added' },
    ],
    context: () => null,
    check: noCheck,
    surroundings: bare,
    widthStep: () => 1,
    deviationAround: null,
    notApplicable: {},
    playground,
  }),
);
addCode(leaky, {
  sublayers: {
    scan: { make: makeLeaky, float64: leakyInFloat64 },
    square: { make: makeSquare, float64: squareInFloat64 },
  },
});
