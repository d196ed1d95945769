/** Entrances that are no files. */
import { modelOfSettings } from '../../src/engine/train/modelOfSettings';
import { modelSettings, thresholds, trainingSettings, vocabularySettings } from '../../src/editor/chosenSettings';
import { checkTogether, checkTraining } from '../../src/engine/train/checkTraining';
import { parseCompared, parseFromPage, parsePanelState } from '../../src/pageContract/parseFromPage';
import { readCommand } from '../../src/terminal/commandLine';
import { UsageError } from '../../src/terminal/options';
import type { FuzzedFormat } from './format';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

const someSettings = {
  'model.cell': 'gru',
  'model.layers': 2,
  'model.hiddenSize': 64,
  'model.bidirectional': true,
  'model.objective': 'auto',
  'corpus.tokens': 'word',
  'corpus.vocabularySize': 100,
  'training.window': 64,
  'training.batch': 4,
  'training.learningRate': 0.01,
  'training.steps': 0,
  'training.clipNorm': null,
  'training.seed': 3,
  'training.checkpointSeconds': 30,
  'training.keptCheckpoints': 3,
  'training.forgetBias': null,
  'thresholds.vanishing': -3,
  'thresholds.exploding': 2,
};

const commands = [
  ['train', 'text.txt', '--cell', 'lstm', '--hidden', '32', '--steps', '10', '--clip-norm', 'none', '--json'],
  ['train', '--resume', 'runs/tale', '--steps', '2000'],
  ['inspect', 'model.onnx', '--text', 'text.txt', '--target', '3', '--matrix', '--json'],
  ['sample', 'model.onnx', '--prompt', 'There', '--length', '10', '--temperature', '0.7', '--seed', '2'],
];

export const settings: FuzzedFormat = {
  name: 'settings',
  isJson: true,
  files: [json(someSettings)],
  read(bytes) {
    let values: unknown;
    try {
      values = JSON.parse(textOf(bytes));
    } catch {
      return null;
    }
    const read = (name: string) =>
      typeof values === 'object' && values !== null ? (values as Readonly<Record<string, unknown>>)[name] : undefined;
    const [model, training] = [modelSettings(read), trainingSettings(read)];
    vocabularySettings(read);
    thresholds(read);
    checkTogether(model, checkTraining(training));
    return modelOfSettings(model, { vocabularySize: 10, features: null });
  },
};

export const commandLine: FuzzedFormat = {
  name: 'command line',
  isJson: true,
  files: commands.map(json),
  isRefusal: (thrown) => thrown instanceof UsageError,
  read(bytes) {
    let args: unknown;
    try {
      args = JSON.parse(textOf(bytes));
    } catch {
      args = textOf(bytes).split(/[",[\]]+/);
    }
    return Array.isArray(args)
      ? readCommand(
          args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))),
          new Date(0),
        )
      : null;
  },
};

export const pageMessages: FuzzedFormat = {
  name: 'messages of the page',
  isJson: true,
  files: [
    json({ type: 'ready' }),
    json({ type: 'frameDrawn', sequence: 3 }),
    json({ type: 'target', target: 'last' }),
    json({ type: 'mark', step: null }),
    json({ type: 'unitMap', choice: { layer: 0, direction: 'forward', quantity: 'hidden' } }),
    json({ type: 'overTraining', lane: { layer: 0, direction: 'forward', state: 'cell' } }),
    json({ type: 'control', action: 'pause' }),
    json({ type: 'reveal', step: 4 }),
    json({ type: 'total', shown: true }),
    json({ type: 'travel', trainingStep: 40 }),
    json({ type: 'matrix', action: 'compute' }),
    json({
      type: 'playground',
      id: 7,
      settings: {
        cell: 'rnn',
        values: { activation: 'tanh', matrix: 'orthogonal', gain: 1.1, gateBias: 1 },
        layers: 2,
        norm: null,
        residual: true,
        hiddenSize: 32,
        length: 100,
        seed: 1,
      },
    }),
    json({ type: 'comparedDrawn', run: 1, sequence: 5 }),
    json({ type: 'openTrials', trials: [0, 3] }),
    json({ type: 'compareTrials', trials: [0, 3] }),
    json({ type: 'drop', uri: 'file:///models/tale.onnx' }),
    json({ type: 'offer', items: [{ id: 'flow', kind: 'figure', title: 'Flow' }] }),
    json({ type: 'save', name: 'flow', format: 'svg', data: '<svg/>' }),
    json({ type: 'error', text: 'no canvas' }),
    json({
      runFolder: '/runs/tale',
      document: 'file:///tale.txt',
      compared: ['/runs/a', '/runs/b'],
      changes: ['gain 1', null],
      views: { flow: 1 },
    }),
  ],
  read(bytes) {
    let message: unknown = textOf(bytes);
    try {
      message = JSON.parse(textOf(bytes));
    } catch {
      // A text is a message too.
    }
    // Neither ever throws: what is no message is none.
    parseFromPage(message);
    parseCompared(message);
    return parsePanelState(message);
  },
  isRefusal: () => false,
};
