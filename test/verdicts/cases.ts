/** The runs and models of the trial. What is told apart by their labels is in labels.ts; here is only what is made. */
import type { ControlValues } from '../../src/layers/playground';
import type { CellName } from '../../src/layers/catalog';
import type { OpenModelSettings, TrainingSettings } from '../../src/protocol/settings';

/** Sick by what was done to it, whatever it becomes; see labels.ts. */
export type Ailment = 'vanishing' | 'exploding' | 'units' | 'depth' | 'diverged' | 'notFinite';

export interface TrainedCase {
  readonly name: string;
  /** Texts that are named in texts.ts. */
  readonly text: string;
  readonly model: Partial<OpenModelSettings> & { readonly list?: string };
  readonly training: Partial<TrainingSettings>;
  /** What is done to the weights after training. */
  readonly spoil?: 'nan' | 'noOutput';
}

/** A model with random weights from the playground, of which a formula says what its gradient does. */
export interface MadeCase {
  readonly name: string;
  readonly cell: CellName;
  readonly values: ControlValues;
  readonly layers?: number;
  readonly length?: number;
  readonly residual?: boolean;
  /** By the formula; null where it neither vanishes nor explodes within the text. */
  readonly ailment: Ailment | null;
  readonly because: string;
}

const kinds: readonly CellName[] = ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM', 'mamba', 'attention'];
const sizes: Readonly<Record<string, number>> = { rnn: 48, gru: 28, minGRU: 48, minLSTM: 40, mamba: 16, attention: 16 };
const small = (cell: CellName) => ({ cell, hiddenSize: sizes[cell] ?? 24 });

function run(
  name: string,
  text: string,
  model: TrainedCase['model'],
  training: TrainedCase['training'] = {},
  spoil?: TrainedCase['spoil'],
): TrainedCase {
  return { name, text, model, training, ...(spoil && { spoil }) };
}

const quick = { steps: 60 };
const long = { steps: 600, learningRate: 0.01 };
/** Until something longer than a pair of symbols is learned. */
const prose = { steps: 700, learningRate: 0.006 };

export const trained: readonly TrainedCase[] = [
  ...kinds.map((cell) => run(`${cell}, prose`, 'tale.txt', small(cell), prose)),
  run('lstm + attention, prose', 'tale.txt', { list: 'lstm:24,attention:24' }, prose),
  run('mamba + attention, prose', 'tale.txt', { list: 'mamba:16,attention:16' }, prose),
  run('gru over rnn, prose', 'tale.txt', { list: 'rnn:32,gru:24' }, prose),
  ...(['rnn', 'lstm', 'gru'] as const).map((cell) => run(`${cell}, Korean prose`, 'tale-ko.txt', small(cell), prose)),
  ...(['lstm', 'minGRU', 'attention'] as const).map((cell) =>
    run(`${cell}, brackets`, 'brackets.txt', small(cell), prose),
  ),
  ...(['rnn', 'gru'] as const).map((cell) =>
    run(`${cell}, hello`, 'hello.txt', small(cell), { ...quick, learningRate: 0.01 }),
  ),

  // Initialization.
  ...[0.1, 0.3, 0.7, 1, 1.5, 3].map((initScale) =>
    run(`rnn, orthogonal × ${initScale}`, 'tale.txt', small('rnn'), {
      ...quick,
      initialization: 'orthogonal',
      initScale,
    }),
  ),
  ...[0.1, 1, 3].flatMap((initScale) =>
    (['lstm', 'gru'] as const).map((cell) =>
      run(`${cell}, Gaussian × ${initScale}`, 'tale.txt', small(cell), {
        ...quick,
        initialization: 'gaussian',
        initScale,
      }),
    ),
  ),
  ...[-3, 0, 3].map((forgetBias) =>
    run(`lstm, forget bias ${forgetBias}`, 'tale.txt', small('lstm'), { ...quick, forgetBias }),
  ),
  ...[-4, 4].map((forgetBias) =>
    run(`minLSTM, forget bias ${forgetBias}`, 'tale.txt', small('minLSTM'), { ...quick, forgetBias }),
  ),

  // A lag that is known, near and far.
  ...kinds.map((cell) => run(`${cell}, recall 5`, 'recall 5', small(cell), { ...long, window: 32 })),
  ...kinds.map((cell) => run(`${cell}, recall 10`, 'recall 10', small(cell), long)),
  ...(['rnn', 'lstm', 'gru'] as const).map((cell) =>
    run(`${cell}, recall 60`, 'recall 60', small(cell), { ...long, window: 128, steps: 200 }),
  ),
  run('lstm, recall 10, truncated to 4', 'recall 10', small('lstm'), { ...long, truncation: 4 }),
  run('gru, recall 10, window 8', 'recall 10', small('gru'), { ...long, window: 8 }),
  run('rnn, recall 10, scale 0.3', 'recall 10', small('rnn'), {
    ...long,
    initialization: 'orthogonal',
    initScale: 0.3,
  }),
  run(
    'relu rnn, recall 10, identity',
    'recall 10',
    { ...small('rnn'), activation: 'relu' },
    { ...long, initialization: 'identity' },
  ),

  // Units.
  run('relu rnn, prose', 'tale.txt', { ...small('rnn'), activation: 'relu' }, prose),
  run(
    'relu rnn, killed by its learning rate',
    'tale.txt',
    { ...small('rnn'), activation: 'relu' },
    { ...quick, learningRate: 0.3 },
  ),
  run(
    'relu rnn, SGD 1',
    'tale.txt',
    { ...small('rnn'), activation: 'relu' },
    { ...quick, optimizer: 'sgd', learningRate: 1 },
  ),
  run('rnn, saturated, Adam 0.1', 'tale.txt', small('rnn'), {
    ...quick,
    initialization: 'gaussian',
    initScale: 3,
    learningRate: 0.1,
  }),
  run('rnn, saturated, scale 8', 'tale.txt', small('rnn'), { ...quick, initialization: 'gaussian', initScale: 8 }),

  // Learning rate.
  ...(['rnn', 'lstm', 'gru', 'attention'] as const).map((cell) =>
    run(`${cell}, Adam 0.5`, 'tale.txt', small(cell), { ...quick, learningRate: 0.5, clipNorm: null }),
  ),
  run(
    'relu rnn, SGD 1e6',
    'tale.txt',
    { ...small('rnn'), activation: 'relu' },
    { ...quick, optimizer: 'sgd', learningRate: 1e6, clipNorm: null },
  ),
  run('lstm, SGD 1e20', 'tale.txt', small('lstm'), { ...quick, optimizer: 'sgd', learningRate: 1e20, clipNorm: null }),
  run('lstm, Adam 1e-6', 'tale.txt', small('lstm'), { ...quick, learningRate: 1e-6 }),

  // Depth.
  run('lstm × 6', 'tale.txt', { cell: 'lstm', hiddenSize: 16, layers: 6 }, quick),
  run(
    'lstm × 6, residual, norm',
    'tale.txt',
    { cell: 'lstm', hiddenSize: 16, layers: 6, residual: true, norm: 'layerNorm', finalNorm: 'layerNorm' },
    quick,
  ),
  run('attention × 4', 'tale.txt', { cell: 'attention', hiddenSize: 16, layers: 4 }, { steps: 100 }),
  run(
    'attention × 4, no residual',
    'tale.txt',
    { cell: 'attention', hiddenSize: 16, layers: 4, residual: false, norm: 'none', finalNorm: 'none' },
    quick,
  ),
  run('mamba × 3', 'tale.txt', { cell: 'mamba', hiddenSize: 16, layers: 3 }, { steps: 100 }),

  // Both directions, and weights that are none.
  ...(['lstm', 'gru'] as const).map((cell) =>
    run(`${cell}, both directions`, 'tale.txt', { cell, hiddenSize: 16, bidirectional: true }, quick),
  ),
  // Below another layer a gradient reaches both sides of the target.
  run('lstm × 2, both directions', 'tale.txt', { cell: 'lstm', layers: 2, hiddenSize: 12, bidirectional: true }, quick),
  run('lstm, a weight is not a number', 'tale.txt', small('lstm'), quick, 'nan'),
  run('attention, a weight is not a number', 'tale.txt', small('attention'), quick, 'nan'),
  run('gru, output weights zero', 'tale.txt', small('gru'), quick, 'noOutput'),
];

/** A linear cell with an orthogonal matrix multiplies the gradient by g at every token. */
const linear = (gain: number, ailment: Ailment | null): MadeCase => ({
  name: `linear rnn, orthogonal, g = ${gain}`,
  cell: 'rnn',
  values: { activation: 'linear', matrix: 'orthogonal', gain },
  ailment,
  because: `over 20 tokens the gradient changes by ${gain}^20 = ${(gain ** 20).toPrecision(2)}`,
});

const byFormula = (
  name: string,
  cell: CellName,
  values: ControlValues,
  [ailment, because]: readonly [Ailment | null, string],
  more: Partial<MadeCase> = {},
): MadeCase => ({ name, cell, values, ailment, because, ...more });

const even = { selectivity: 0 };

export const made: readonly MadeCase[] = [
  ...[0.5, 0.6, 0.7].map((gain) => linear(gain, 'vanishing')),
  ...[0.98, 0.99, 1, 1.01].map((gain) => linear(gain, null)),
  ...[1.3, 1.5, 2].map((gain) => linear(gain, 'exploding')),
  byFormula('tanh rnn, orthogonal, g = 0.6', 'rnn', { activation: 'tanh', matrix: 'orthogonal', gain: 0.6 }, [
    'vanishing',
    'no factor is above 0.6, and 0.6^20 = 0.00004',
  ]),
  byFormula('minGRU, z = 0.5 at every token', 'minGRU', { ...even, gateBias: 0 }, ['vanishing', '0.5^20 = 9.5e-7']),
  byFormula('minGRU, z = 0.018 at every token', 'minGRU', { ...even, gateBias: -4 }, [null, '0.98^20 = 0.69']),
  byFormula('minLSTM, f′ as its bias −4 has it', 'minLSTM', { ...even, gateBias: -4 }, [
    'vanishing',
    'f′ = 1/(1 + σ(0)/σ(−4)) = 0.035',
  ]),
  byFormula('mamba, as it is published', 'mamba', {}, [null, 'half-lives to 693 tokens']),
  byFormula('attention, temperature 1', 'attention', {}, [null, 'a path of one step to every token']),
  byFormula('lstm × 24', 'lstm', {}, ['depth', 'nothing goes past 24 layers of factors below 1'], {
    layers: 24,
    residual: false,
  }),
  byFormula('lstm × 24, residual', 'lstm', {}, [null, 'the residual connections pass all of it'], {
    layers: 24,
    residual: true,
  }),
];
