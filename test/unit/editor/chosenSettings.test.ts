import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  backendSettings,
  modelSettings,
  settingsForNumbers,
  probeTokens,
  stackSettings,
  thresholds,
  trainingSettings,
  vocabularySettings,
} from '../../../src/editor/chosenSettings';
import { stackName } from '../../../src/layers/stackName';
import {
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  defaultVocabularySettings,
  layersOf,
} from '../../../src/protocol/settings';

interface Manifest {
  readonly contributes: {
    readonly configuration: readonly { readonly properties: Readonly<Record<string, { readonly default: unknown }>> }[];
  };
}

function from(values: Readonly<Record<string, unknown>>): (name: string) => unknown {
  return (name) => values[name];
}

describe('settings', () => {
  it('have the same defaults in the manifest and in the program', () => {
    // npm and mocha run at the project's root.
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
    const properties = Object.assign({}, ...contributes.configuration.map((group) => group.properties)) as Record<
      string,
      { default: unknown } | undefined
    >;
    const read = (name: string) => properties[`backflow.${name}`]?.default;
    assert.deepEqual(modelSettings(read), defaultModelSettings);
    assert.deepEqual(trainingSettings(read), defaultTrainingSettings);
    assert.deepEqual(vocabularySettings(read), defaultVocabularySettings);
    assert.deepEqual(thresholds(read), defaultThresholds);
    assert.equal(probeTokens(read), 256);
  });

  it('refuse a name that is none of the choices, in a sentence with the setting, the name and the choices', () => {
    const all = (values: Readonly<Record<string, unknown>>) => [
      modelSettings(from(values)),
      vocabularySettings(from(values)),
      trainingSettings(from(values)),
    ];
    for (const [setting, value, said, choices] of [
      ['model.cell', 'transformer', 'transformer', 'rnn, lstm, gru, minGRU, minLSTM, mamba, attention'],
      ['model.activation', 'gelu', 'gelu', 'tanh, relu'],
      ['model.objective', 'guess', 'guess', 'auto, next, masked, squaredError'],
      ['corpus.tokens', 'letter', 'letter', 'codePoint, grapheme, word, byte'],
      ['corpus.mode', 'random', 'random', 'stream, sequences'],
      ['corpus.split', 'pages', 'pages', 'lines, paragraphs'],
      ['training.optimizer', 'lion', 'lion', 'sgd, rmsprop, adagrad, adam, adamw'],
      ['training.schedule', 'linear', 'linear', 'constant, cosine, step'],
      ['training.initialization', 'zeros', 'zeros', 'pytorch, xavier, orthogonal, identity, gaussian'],
      ['training.backend', 'gpu', 'gpu', 'ort, wasm'],
      ['training.optimizer', 1, '1', 'sgd, rmsprop, adagrad, adam, adamw'],
      ['training.optimizer', null, 'null', 'sgd, rmsprop, adagrad, adam, adamw'],
    ] as const) {
      const message = `The setting “backflow.${setting}” has the unknown value “${said}”; choose one of ${choices}.`;
      assert.throws(() => all({ [setting]: value }), { name: 'UserError', message });
    }
  });

  it('of a text of sequences of numbers have their objective, unless another is chosen', () => {
    const of = (values: Readonly<Record<string, unknown>>) => modelSettings(settingsForNumbers(from(values)));
    assert.deepEqual(of({}), { ...defaultModelSettings, objective: 'squaredError' });
    assert.equal(of({ 'model.objective': 'auto', 'model.norm': 'layerNorm' }).embeddingSize, null);
    assert.equal(of({ 'model.objective': 'next' }).objective, 'next');
  });

  it('of a training do not matter where only a model is opened', () => {
    assert.deepEqual(backendSettings(from({ 'training.optimizer': 'lion', 'training.threads': 2 })), {
      backend: 'ort',
      threads: 2,
    });
  });

  it('make layers that differ of a list, wherever it stands, and take kind and size from it', () => {
    const names = (values: Readonly<Record<string, unknown>>) => stackName(layersOf(modelSettings(from(values))));
    assert.equal(names({ 'model.mixture': 'lstm:128,attention:128' }), 'LSTM 128 + Attention 128');
    assert.equal(
      names({ 'model.mixture': 'lstm,attention:64', 'model.hiddenSize': 64, 'model.cell': 'gru', 'model.layers': 3 }),
      'LSTM 64 + Attention 64',
    );
    assert.equal(names({ 'model.layers': 'lstm:16,gru:16' }), 'LSTM 16 + GRU 16');
    assert.equal(names({ 'model.mixture': '', 'model.layers': 2 }), 'LSTM 2 × 128');
    const alike = stackSettings(from({ 'model.mixture': 'gru:8,rnn:8', 'model.cell': 'gru' }));
    assert.equal(stackName(layersOf(alike)), 'GRU 2 × 128');
    assert.throws(() => names({ 'model.mixture': 'lstm:128,transformer:2' }), /names “transformer”, which is no kind/);
  });

  it('fall back to their defaults where a number or a switch is nonsense', () => {
    const nonsense = from({ 'model.layers': '2', 'model.hiddenSize': -4 });
    assert.deepEqual(modelSettings(nonsense), defaultModelSettings);
    const wild = from({
      'training.learningRate': 0,
      'training.batch': 1.5,
      'training.clipNorm': -1,
      'training.seed': NaN,
    });
    assert.deepEqual(trainingSettings(wild), defaultTrainingSettings);
    const wilder = from({
      'training.momentum': -1,
      'training.nesterov': 1,
      'training.weightDecay': -1,
      'training.warmupSteps': 0.5,
      'training.finalFraction': 2,
      'training.decaySteps': 0,
      'training.decayFactor': 0,
      'training.clipValue': '1',
      'training.omega': -1,
      'training.radiusCap': true,
      'training.flossing': 'much',
      'training.flossingEvery': 0,
      'training.flossingExponents': 1.5,
      'training.initScale': 0,
      'training.forgetBias': 'one',
    });
    assert.deepEqual(trainingSettings(wilder), defaultTrainingSettings);
    const wildest = from({
      'corpus.vocabularySize': -1,
      'corpus.longestSequence': 0,
      'training.truncation': -1,
      'training.dropout': 2,
      'training.checkpointSeconds': 0,
      'training.keptCheckpoints': 1.5,
      'training.epochs': 0.5,
      'model.bidirectional': 1,
      'model.tied': 'yes',
      'model.embeddingSize': -8,
    });
    assert.deepEqual(
      [modelSettings(wildest), trainingSettings(wildest), vocabularySettings(wildest)],
      [defaultModelSettings, defaultTrainingSettings, defaultVocabularySettings],
    );
    assert.deepEqual(thresholds(from({ 'thresholds.vanishing': 3, 'thresholds.exploding': -2 })), defaultThresholds);
    assert.equal(probeTokens(from({ 'probe.tokens': 100_000 })), 256);
  });

  it('leave the objective and a tied embedding’s size to the rest of the model', () => {
    const model = (values: Readonly<Record<string, unknown>>) =>
      modelSettings(from({ 'model.hiddenSize': 10, ...values }));
    assert.equal(model({ 'model.bidirectional': true, 'model.objective': 'auto' }).objective, 'masked');
    assert.equal(model({ 'model.bidirectional': true, 'model.objective': 'next' }).objective, 'next');
    assert.equal(model({ 'model.objective': 'masked' }).objective, 'masked');
    assert.equal(model({ 'model.tied': true }).embeddingSize, 10);
    assert.equal(model({ 'model.tied': true, 'model.embeddingSize': 8 }).embeddingSize, 8);
  });

  it('write "none" as 0, and a command’s argument also as null', () => {
    for (const none of [0, null]) {
      const { steps, clipNorm, clipValue, threads } = trainingSettings(
        from({
          'training.steps': none,
          'training.clipNorm': none,
          'training.clipValue': none,
          'training.threads': none,
        }),
      );
      assert.deepEqual([steps, clipNorm, clipValue, threads], [null, null, null, null]);
    }
    assert.equal(trainingSettings(from({ 'training.steps': 300 })).steps, 300);
  });

  it('tell a weight decay or forget-gate bias of 0 from none given', () => {
    const { weightDecay, forgetBias } = trainingSettings(from({ 'training.weightDecay': 0, 'training.forgetBias': 0 }));
    assert.deepEqual([weightDecay, forgetBias], [0, 0]);
    assert.equal(trainingSettings(from({ 'training.forgetBias': -2 })).forgetBias, -2);
  });
});
