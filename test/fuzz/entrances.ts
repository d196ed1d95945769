/** Every entrance by which what others have made gets in, with good samples of each. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vocabularyOfFile } from '../../src/core/corpus/foreignVocabulary';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { checkConfig, plainStack } from '../../src/core/model/config';
import { initialise } from '../../src/core/model/initialise';
import { Random } from '../../src/core/model/random';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../src/core/model/safetensors';
import { readTorchWeights } from '../../src/core/model/torchWeights';
import { checkpointOf, encodeCheckpoint } from '../../src/core/onnx/checkpointFile';
import { decodeOnnx } from '../../src/core/onnx/onnxFile';
import { readOnnx } from '../../src/core/onnx/read/readModel';
import { modelSettings, thresholds, trainingSettings, vocabularySettings } from '../../src/editor/chosenSettings';
import { corpusOfFile } from '../../src/engine/files/corpusFile';
import { readMetrics } from '../../src/engine/files/metricsFile';
import { formatRunRecord, parseRunRecord } from '../../src/engine/files/runRecord';
import { checkTogether, checkTraining } from '../../src/engine/train/checkTraining';
import { readNewCorpus } from '../../src/engine/train/readCorpus';
import { UserError } from '../../src/core/userError';
import { parseFromPage, parsePanelState } from '../../src/protocol/parseFromPage';
import { defaultModelSettings, defaultTrainingSettings } from '../../src/protocol/settings';
import { readCommand } from '../../src/terminal/commandLine';
import { UsageError } from '../../src/terminal/options';
import type { Format } from './judge';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

/** For readers that open files themselves; removed when the process ends. */
const folder = mkdtempSync(join(tmpdir(), 'backflow-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function checkpoint(cell: 'rnn' | 'lstm' | 'gru', layers: number): Uint8Array {
  const config = checkConfig({ ...plainStack, cell, activation: 'tanh', layers, hiddenSize: 3, vocabularySize: 4 });
  return encodeCheckpoint({ config, parameters: initialise(config, Random.fromSeed(1), defaultTrainingSettings), vocabulary: new Vocabulary(['a', 'b', 'c', 'é']), step: 7 });
}

function torchWeights(): Uint8Array {
  const [V, H] = [4, 3];
  const shapes: [string, number[]][] = [
    ['rnn.weight_ih_l0', [4 * H, V]], ['rnn.weight_hh_l0', [4 * H, H]], ['rnn.bias_ih_l0', [4 * H]], ['rnn.bias_hh_l0', [4 * H]], ['head.weight', [V, H]], ['head.bias', [V]],
  ];
  const tensors = shapes.map(([name, shape]): [string, Tensor] => [name, { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]);
  return encodeSafetensors(new Map(tensors), { vocabulary: '["a","b","c","d"]' });
}

const record = formatRunRecord({
  description: {
    name: 'tale-lstm', folder: '/runs/tale', corpus: { name: 'tale.txt', path: '/texts/tale.txt', tokens: 600, unit: 'codePoint' },
    model: { ...defaultModelSettings, vocabularySize: 5, parameterCount: 70_000 }, training: { ...defaultTrainingSettings, steps: 100 }, backend: 'ort',
  },
  corpusSha256: createHash('sha256').update('').digest('hex'), created: '2025-01-02T03:04:05.000Z', versions: { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' },
});

const metrics = [
  '{"step":1,"loss":4.1,"gradientNorm":0.5,"clippedNorm":0.5,"tokens":64,"tokensPerSecond":1000,"clippedFraction":0}',
  '{"step":2,"loss":4.0,"gradientNorm":0.6,"clippedNorm":0.6,"tokens":128,"tokensPerSecond":1000,"clippedFraction":0}',
  '{"step":2,"validationLoss":4.2}', '{"step":3,"loss":null,"gradientNorm":null,"clippedNorm":1,"tokens":192,"tokensPerSecond":1000,"clippedFraction":0.1}', '',
].join('\n');

const settings = {
  'model.cell': 'gru', 'model.layers': 2, 'model.hiddenSize': 64, 'model.bidirectional': true, 'model.objective': 'auto', 'corpus.tokens': 'word', 'corpus.vocabularySize': 100,
  'training.window': 64, 'training.batch': 4, 'training.learningRate': 0.01, 'training.steps': 0, 'training.clipNorm': null, 'training.seed': 3, 'training.checkpointSeconds': 30,
  'training.keptCheckpoints': 3, 'training.forgetBias': null, 'thresholds.vanishing': -3, 'thresholds.exploding': 2,
};

const commands = [
  ['train', 'text.txt', '--cell', 'lstm', '--hidden', '32', '--steps', '10', '--clip-norm', 'none', '--json'],
  ['train', '--resume', 'runs/tale', '--steps', '2000'],
  ['inspect', 'model.onnx', '--text', 'text.txt', '--target', '3', '--matrix', '--json'],
  ['sample', 'model.onnx', '--prompt', 'There', '--length', '10', '--temperature', '0.7', '--seed', '2'],
];

export const entrances: readonly Format[] = [
  {
    name: 'corpus',
    samples: [readFileSync('media/samples/tale-ko.txt').subarray(0, 600), Buffer.from('\ufeffthe sea and the tide\r\nand the clock 👩‍👩‍👧 e\u0301\n\nend')],
    read: (bytes: Uint8Array): unknown => {
      const unit = (['codePoint', 'grapheme', 'word', 'byte'] as const)[bytes.length % 4];
      return readNewCorpus(corpusOfFile(fileOf('corpus.txt', bytes)), { unit, vocabularySize: bytes.length % 3 === 0 ? 10 : null, split: bytes.length % 2 === 0 ? 'lines' : null, masked: bytes.length % 5 === 0 });
    },
  },
  {
    name: 'vocabulary',
    isJson: true,
    samples: [
      json(['a', 'b', 'c', 'd']), json({ a: 0, b: 1, c: 2, '<unk>': 3 }),
      json({ version: '1.0', added_tokens: [{ id: 3, content: '[UNK]', special: true }], pre_tokenizer: null, model: { type: 'WordLevel', vocab: { a: 0, b: 1, c: 2, '[UNK]': 3 }, unk_token: '[UNK]' } }),
    ],
    read: (bytes) => vocabularyOfFile(textOf(bytes), 4, 'vocab.json'),
  },
  {
    name: 'ONNX model',
    samples: [checkpoint('lstm', 1), checkpoint('gru', 2), checkpoint('rnn', 1)],
    read: (bytes: Uint8Array): unknown => {
      const proto = decodeOnnx(bytes, 'model.onnx');
      if (checkpointOf(proto, 'model.onnx')) return null;
      const { refusal } = readOnnx(proto, () => { throw new UserError('There is no such file beside the model.'); });
      if (refusal) throw refusal;
      return null;
    },
  },
  { name: 'safetensors', samples: [torchWeights()], read: (bytes) => decodeSafetensors(bytes, 'w.safetensors') },
  { name: 'weights of PyTorch', samples: [torchWeights()], read: (bytes) => readTorchWeights(bytes, 'w.safetensors', { activation: null }) },
  { name: 'run.json', isJson: true, samples: [Buffer.from(record)], read: (bytes) => checkTraining(parseRunRecord(textOf(bytes), 'run.json', '/runs/tale').description.training) },
  { name: 'metrics.jsonl', samples: [Buffer.from(metrics)], read: (bytes) => readMetrics(fileOf('metrics.jsonl', bytes)) },
  {
    name: 'settings',
    isJson: true,
    samples: [json(settings)],
    read: (bytes: Uint8Array): unknown => {
      let values: unknown;
      try {
        values = JSON.parse(textOf(bytes));
      } catch {
        return null;
      }
      const read = (name: string) => (typeof values === 'object' && values !== null ? (values as Readonly<Record<string, unknown>>)[name] : undefined);
      const [model, training] = [modelSettings(read), trainingSettings(read)];
      vocabularySettings(read);
      thresholds(read);
      checkTogether(model, checkTraining(training));
      return checkConfig({ ...model, vocabularySize: 10 });
    },
  },
  {
    name: 'command line',
    isJson: true,
    samples: commands.map(json),
    isRefusal: (thrown) => thrown instanceof UsageError,
    read: (bytes: Uint8Array): unknown => {
      let args: unknown;
      try {
        args = JSON.parse(textOf(bytes));
      } catch {
        args = textOf(bytes).split(/[",[\]]+/);
      }
      return Array.isArray(args) ? readCommand(args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))), new Date(0)) : null;
    },
  },
  {
    name: 'messages of the page',
    isJson: true,
    samples: [
      json({ type: 'ready' }), json({ type: 'frameDrawn', sequence: 3 }), json({ type: 'target', target: 'last' }), json({ type: 'mark', step: null }),
      json({ type: 'unitMap', choice: { layer: 0, direction: 'forward', quantity: 'hidden' } }), json({ runFolder: '/runs/tale', document: 'file:///tale.txt' }),
    ],
    read: (bytes: Uint8Array): unknown => {
      let message: unknown = textOf(bytes);
      try {
        message = JSON.parse(textOf(bytes));
      } catch {
        // A text is a message too.
      }
      // Neither ever throws: what is no message is none.
      parseFromPage(message);
      return parsePanelState(message);
    },
    isRefusal: () => false,
  },
];
