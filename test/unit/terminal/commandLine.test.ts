import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  defaultVocabularySettings,
  isMixture,
  layersOf,
} from '../../../src/protocol/settings';
import { stackName } from '../../../src/layers/stackName';
import { readCommand } from '../../../src/terminal/commandLine';
import { UsageError } from '../../../src/terminal/options';

const now = new Date(2025, 0, 2, 3, 4, 5);
const read = (line: string) => readCommand(line.split(' '), now);

function refused(line: string, sentence: RegExp): void {
  assert.throws(
    () => read(line),
    (error: unknown) => error instanceof UsageError && sentence.test(error.message),
    line,
  );
}

describe('reading a command line', () => {
  it('takes the settings’ defaults, a thousand steps and a folder named after corpus, cell and time', () => {
    assert.deepEqual(read('train texts/a_tale.v2.txt'), {
      kind: 'train',
      json: false,
      request: {
        corpus: { kind: 'file', path: resolve('texts/a_tale.v2.txt') },
        from: null,
        vocabulary: defaultVocabularySettings,
        model: defaultModelSettings,
        training: { ...defaultTrainingSettings, steps: 1000 },
        folder: resolve('.backflow/runs/a_tale.v2-lstm-20250102-030405'),
      },
      tensorboard: null,
    });
  });

  it('takes a corpus of numbers as sequences, with what only sequences have and cuts longer than a window', () => {
    const line = 'train sums.txt --longest-sequence 500 --split lines --truncate 300';
    const command = readCommand(line.split(' '), now, () => true);
    assert.ok(command.kind === 'train');
    const { model, training } = command.request;
    assert.equal(model.objective, 'squaredError');
    assert.deepEqual(
      [training.mode, training.split, training.longestSequence, training.truncation],
      ['sequences', 'lines', 500, 300],
    );
    refused(line, /--split works only with --mode sequences/);
    refused('train sums.txt --truncate 300', /--truncate 300 is longer than the window of 64 steps/);
  });

  it('reads every option of train', () => {
    const command = read(
      'train --cell rnn --activation relu --layers 3 --hidden 7 --mode stream --window 5 --batch 2 --steps none --optimizer sgd ' +
        '--learning-rate 1e-2 --clip-norm none --seed 9 --out=run --checkpoint-every 4 --checkpoint-seconds 5 --keep 6 --backend wasm --threads 2 --json corpus',
    );
    assert.ok(command.kind === 'train' && command.json);
    assert.deepEqual(command.request.model, {
      ...defaultModelSettings,
      cell: 'rnn',
      activation: 'relu',
      layers: 3,
      hiddenSize: 7,
    });
    assert.deepEqual(command.request.training, {
      ...defaultTrainingSettings,
      window: 5,
      batch: 2,
      steps: null,
      optimizer: 'sgd',
      learningRate: 0.01,
      clipNorm: null,
      seed: 9,
      checkpointEvery: 4,
      checkpointSeconds: 5,
      keptCheckpoints: 6,
      backend: 'wasm',
      threads: 2,
    });
    assert.equal(command.request.folder, resolve('run'));
  });

  it('reads optimizer, schedule, clipping and initialization', () => {
    const command = read(
      'train --optimizer sgd --momentum 0.9 --nesterov --weight-decay 0 --schedule cosine --warmup 10 --final-fraction 0.1 ' +
        '--clip-value 0.2 --init orthogonal --init-scale 1.1 --forget-bias -1.5 --omega 2 --radius-cap 0.9 ' +
        '--flossing 0.1 --flossing-every 7 --flossing-exponents 2 corpus',
    );
    assert.ok(command.kind === 'train');
    assert.deepEqual(command.request.training, {
      ...defaultTrainingSettings,
      steps: 1000,
      optimizer: 'sgd',
      momentum: 0.9,
      nesterov: true,
      weightDecay: 0,
      schedule: 'cosine',
      warmupSteps: 10,
      finalFraction: 0.1,
      clipValue: 0.2,
      omega: 2,
      radiusCap: 0.9,
      flossing: 0.1,
      flossingEvery: 7,
      flossingExponents: 2,
      initialization: 'orthogonal',
      initScale: 1.1,
      forgetBias: -1.5,
    });
    const decaying = read('train --schedule step --decay-every 50 --decay-factor 0.5 corpus');
    assert.ok(decaying.kind === 'train');
    const { decaySteps, decayFactor } = decaying.request.training;
    assert.deepEqual([decaySteps, decayFactor], [50, 0.5]);
    for (const optimizer of ['sgd', 'rmsprop', 'adagrad', 'adam', 'adamw']) {
      const other = read(`train c --optimizer ${optimizer} --clip-value none`);
      assert.ok(other.kind === 'train');
      assert.deepEqual(other.request.training, { ...defaultTrainingSettings, steps: 1000, optimizer });
    }
  });

  it('takes the older names of tokens for the same', () => {
    for (const [older, unit] of [
      ['codepoints', 'codePoint'],
      ['graphemes', 'grapheme'],
      ['words', 'word'],
      ['bytes', 'byte'],
    ] as const) {
      for (const name of [older, unit]) {
        const command = read(`train --tokens ${name} corpus`);
        assert.ok(command.kind === 'train');
        assert.equal(command.request.vocabulary.unit, unit);
      }
    }
  });

  it('takes the older name of the initialization scale for the same', () => {
    const command = read('train --init orthogonal --gain 1.1 corpus');
    assert.ok(command.kind === 'train');
    assert.equal(command.request.training.initScale, 1.1);
  });

  it('reads what a token is, how the text is read, and what the model is beyond its cells', () => {
    const command = read(
      'train --tokens word --vocabulary-size 5000 --mode sequences --split paragraphs --longest-sequence 300 --truncate 20 --epochs 3 ' +
        '--layers 2 --dropout 0.2 --embedding 64 corpus',
    );
    assert.ok(command.kind === 'train');
    assert.deepEqual(command.request.vocabulary, { unit: 'word', size: 5000 });
    assert.deepEqual(command.request.model, { ...defaultModelSettings, layers: 2, embeddingSize: 64 });
    assert.deepEqual(command.request.training, {
      ...defaultTrainingSettings,
      mode: 'sequences',
      split: 'paragraphs',
      longestSequence: 300,
      truncation: 20,
      steps: null,
      epochs: 3,
      dropout: 0.2,
    });
  });

  it('completes a bidirectional or tied model where nothing else is said', () => {
    const model = (line: string) => {
      const command = read(`train c --hidden 10 ${line}`);
      assert.ok(command.kind === 'train');
      const chosen = command.request.model;
      assert.ok(!isMixture(chosen));
      const { bidirectional, objective, tied, embeddingSize } = chosen;
      return [bidirectional, objective, tied, embeddingSize];
    };
    assert.deepEqual(model('--bidirectional'), [true, 'masked', false, null]);
    assert.deepEqual(model('--objective masked'), [false, 'masked', false, null]);
    assert.deepEqual(model('--tied'), [false, 'next', true, 10]);
    assert.deepEqual(model('--tied --bidirectional'), [true, 'masked', true, 20]);
  });

  it('reads a list of layers that differ, with the options of all their kinds', () => {
    const command = read('train c --layers lstm:16,attention:16x2 --heads 2 --positions rotary --context 64');
    assert.ok(command.kind === 'train' && isMixture(command.request.model));
    const { layers, finalNorm, embeddingSize } = command.request.model;
    assert.equal(stackName(layers), 'LSTM 16 + Attention 2 × 16');
    assert.deepEqual([finalNorm, embeddingSize], ['layerNorm', null]);
    assert.deepEqual(layers[0].options, {});
    assert.deepEqual(layers[2].options, { heads: 2, positions: 'rotary', context: 64, biases: true, gelu: 'exact' });
    assert.equal(command.request.folder, resolve('.backflow/runs/c-lstm-attention-20250102-030405'));
    const sized = read('train c --layers lstm,gru:8 --hidden 16 --dropout 0.1');
    assert.ok(sized.kind === 'train');
    assert.equal(stackName(layersOf(sized.request.model)), 'LSTM 16 + GRU 8');
    const alike = read('train c --layers gru:8x3');
    assert.ok(alike.kind === 'train');
    assert.deepEqual(alike.request.model, { ...defaultModelSettings, cell: 'gru', hiddenSize: 8, layers: 3 });
  });

  it('refuses values no training can use', () => {
    for (const [line, sentence] of [
      ['--layers lstm:8,transformer:8', /names “transformer”, which is no kind of layer/],
      ['--layers lstm:8x30', /^The number of layers is 30; it must be from 1 to 24\.$/],
      ['--layers 25', /^--layers is "25"; it must be a whole number from 1 to 24\.$/],
      ['--layers lstm:8,gru:8 --cell rnn', /^--cell is the kind of layers that are all alike/],
      ['--layers lstm:8,gru:8 --hidden 16', /^--hidden is the size of layers for which the list/],
      [
        '--layers lstm:8,gru:8 --heads 2',
        /^--heads is no option of the kind LSTM, GRU; kinds that have it: attention\.$/,
      ],
      ['--layers lstm:8 --dropout 0.5', /needs --layers 2 or more\.$/],
      ['--layers lstm:8,gru:8 --bidirectional --objective next', /Use --objective masked\.$/],
      [
        '--bidirectional --objective next',
        /a bidirectional model reads the token that it should predict\. Use --objective masked\.$/,
      ],
      ['--dropout 0.5', /needs --layers 2 or more\.$/],
      ['--dropout 1', /^--dropout is "1"/],
      ['--epochs 2 --steps 10', /both say how long to train\.$/],
      ['--truncate 65', /^--truncate 65 is longer than the window of 64 steps\.$/],
      ['--split lines', /^--split works only with --mode sequences\.$/],
      ['--tokens letters', /one of codePoint, grapheme, word, byte\.$/],
      ['--vocabulary-size 1', /from 2 to 200000\.$/],
      ['--optimizer lion', /it must be one of sgd, rmsprop, adagrad, adam, adamw\.$/],
      ['--momentum 1', /^--momentum is "1"/],
      ['--flossing-every 5', /^--flossing-every is about gradient flossing, so it needs --flossing X, its weight\.$/],
      ['--flossing none --flossing-exponents 2', /^--flossing-exponents is about gradient flossing/],
      ['--nesterov', /^--nesterov needs --optimizer sgd and a --momentum above 0\.$/],
      ['--nesterov --momentum 0.9', /^--nesterov needs/],
      ['--weight-decay -1', /^--weight-decay is "-1"/],
      ['--schedule linear', /it must be one of constant, cosine, step\.$/],
      ['--schedule cosine --steps none', /cannot be combined with --steps none\.$/],
      ['--warmup 1.5', /^--warmup is "1\.5"/],
      ['--final-fraction 2', /a number from 0 to 1\.$/],
      ['--decay-every 0', /^--decay-every is "0"/],
      ['--decay-factor 0', /greater than 0 and at most 1\.$/],
      ['--clip-value 0', /a number greater than 0, or none\.$/],
      ['--omega 0', /a number greater than 0, or none\.$/],
      ['--radius-cap -1', /^--radius-cap is "-1"/],
      ['--flossing 0', /a number greater than 0, or none\.$/],
      ['--flossing 1 --flossing-exponents 0', /from 1 to 1024\.$/],
      ['--init zeros', /one of pytorch, xavier, orthogonal, identity, gaussian\.$/],
      ['--init-scale 0', /^--init-scale is "0"/],
      ['--gain 0', /^--gain is "0"/],
      ['--momentum 0.9', /^--momentum changes nothing without --optimizer sgd, rmsprop: give one of these, or leave/],
      ['--optimizer sgd --final-fraction 0.1', /^--final-fraction changes nothing without --schedule cosine: /],
      ['--schedule cosine --decay-every 5', /^--decay-every changes nothing without --schedule step: /],
      ['--decay-factor 0.5', /^--decay-factor changes nothing without --schedule step: /],
      ['--init-scale 2', /^--init-scale changes nothing without --init xavier, orthogonal, identity, gaussian: /],
      ['--init pytorch --gain 2', /^--gain changes nothing without --init xavier/],
      ['--init xavier --gain 2 --init-scale 3', /^--gain is the older name of --init-scale: give one of them\.$/],
      ['--forget-bias none', /it must be a number\.$/],
      ['--activation relu', /^--activation is no option of the kind LSTM; kinds that have it: rnn\.$/],
      ['--layers gru:8,mamba:8 --activation tanh', /^--activation is no option of the kind GRU, Mamba; /],
      [
        '--layers gru:8,mamba:8 --forget-bias 1',
        /^--forget-bias is no option of the kind GRU, Mamba; kinds that have it: lstm, minLSTM\.$/,
      ],
      [
        '--layers attention:8,mamba:8 --init orthogonal',
        /^--init orthogonal acts on .* the kind Attention, Mamba begin/,
      ],
    ] as const) {
      assert.throws(
        () => read(`train c ${line}`),
        (error: unknown) => error instanceof UsageError && sentence.test(error.message),
        line,
      );
    }
  });

  it('makes a folder’s name of any corpus’s name', () => {
    const command = readCommand(['train', '/texts/봄 날: "1".txt'], now);
    assert.ok(command.kind === 'train');
    assert.equal(command.request.folder, resolve('.backflow/runs/봄-날-1--lstm-20250102-030405'));
  });

  it('keeps a resumed run’s own steps unless told', () => {
    assert.deepEqual(read('train --resume run'), {
      kind: 'resume',
      json: false,
      folder: resolve('run'),
      steps: null,
      tensorboard: null,
    });
    assert.deepEqual(read('train --resume run --steps 20 --json'), {
      kind: 'resume',
      json: true,
      folder: resolve('run'),
      steps: 20,
      tensorboard: null,
    });
  });

  it('reads inspect and sample', () => {
    const inspect = read('inspect model.onnx --text t.txt --target 3 --matrix');
    assert.ok(inspect.kind === 'inspect');
    assert.deepEqual(
      [inspect.model.path, inspect.text, inspect.request.target, inspect.request.matrix],
      [resolve('model.onnx'), resolve('t.txt'), 3, true],
    );
    const sample = readCommand(['sample', 'm', '--prompt', '-> ', '--temperature', '0'], now);
    assert.ok(sample.kind === 'sample');
    assert.deepEqual(sample.request, { prompt: '-> ', length: 200, temperature: 0, topK: null, topP: null, seed: 1 });
  });

  it('reads what a model may need beside its file', () => {
    const inspect = read('inspect m.safetensors --text t.txt --vocab v.json --activation relu');
    assert.ok(inspect.kind === 'inspect');
    assert.deepEqual(inspect.model, {
      path: resolve('m.safetensors'),
      vocabulary: resolve('v.json'),
      architecture: { activation: 'relu', tensors: null },
    });
    const train = read('train t.txt --from m.onnx --vocab v.json --steps 3');
    assert.ok(train.kind === 'train');
    assert.deepEqual(train.request.from, {
      path: resolve('m.onnx'),
      vocabulary: resolve('v.json'),
      architecture: { activation: null, tensors: null },
    });
    refused('train t.txt --from m.onnx --hidden 8', /--hidden cannot be given with --from/);
    refused('train t.txt --vocab v.json', /so it needs --from MODEL/);
  });

  it('reads export, whose file says what to write', () => {
    const command = read('export run --out m.safetensors');
    assert.ok(command.kind === 'export');
    assert.deepEqual([command.model.path, command.out], [resolve('run'), resolve('m.safetensors')]);
    refused('export run --out m.pt', /ends in .onnx or .safetensors/);
    refused('export run', /needs --out FILE/);
  });

  it('takes text that looks like an option after an equals sign, and files after --', () => {
    const sample = readCommand(['sample', '--prompt=--seed', '--', '-model'], now);
    assert.ok(sample.kind === 'sample');
    assert.deepEqual([sample.request.prompt, sample.model.path], ['--seed', resolve('-model')]);
  });

  it('refuses numbers that only look like numbers', () => {
    for (const value of ['', ' ', '0x10', '1e999', 'Infinity', 'NaN', '1_000', '12a', '1.5', '-0.1']) {
      assert.throws(() => readCommand(['train', 'c', `--window=${value}`], now), UsageError, JSON.stringify(value));
    }
  });
});
