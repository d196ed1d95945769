/** A training on sequences of numbers: it learns, goes on with the same bits, in shares too, and what it leaves is a model that anyone can open. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NumberCorpusReader } from '../../../../src/core/corpus/numberCorpus';
import { NumberSequences } from '../../../../src/core/corpus/numberSequences';
import { Vocabulary, vocabularyOfNumbers } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { takeRows } from '../../../../src/core/model/numberRows';
import type { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { carriedStates } from '../../../../src/core/spectra/carriedState';
import { lyapunovSpectrum } from '../../../../src/core/spectra/lyapunov';
import { createBackend, stepWorkOf, windowWorkOf, type Backend } from '../../../../src/engine/backend';
import { describeToken } from '../../../../src/engine/inspect/tokenReport';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { makeReport } from '../../../../src/engine/inspect/report';
import { prepareSpectrum } from '../../../../src/engine/inspect/spectrum';
import { compareTruncations } from '../../../../src/engine/inspect/truncations';
import { makeTargetMatrix } from '../../../../src/engine/inspect/targetMatrix';
import { prepareAttribution } from '../../../../src/engine/inspect/attribution';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { laneValues } from '../../../../src/engine/inspect/lane';
import { MatrixSource } from '../../../../src/engine/inspect/matrixRows';
import { examineModel } from '../../../../src/engine/model/examination';
import { exportModel } from '../../../../src/engine/model/exportModel';
import { ModelLock } from '../../../../src/engine/modelLock';
import { flushSubnormals, InferenceSession, Tensor } from '../../../../src/engine/onnxRuntime';
import { Sampler } from '../../../../src/engine/sampling/sampler';
import { searchBatch } from '../../../../src/engine/train/overflowSearch';
import { setUpResumed } from '../../../../src/engine/train/resume';
import { setUpRun } from '../../../../src/engine/train/setUp';
import { Overflow, Trainer } from '../../../../src/engine/train/trainer';
import { Validator } from '../../../../src/engine/train/validator';
import type { CellName } from '../../../../src/layers/catalog';
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/modelFiles/checkpointFile';
import { configText } from '../../../../src/modelFiles/configText';
import { readTorchWeights } from '../../../../src/modelFiles/torchWeights';
import { formatVocabulary, parseVocabulary } from '../../../../src/modelFiles/vocabularyFormat';
import { writeTorchWeights } from '../../../../src/modelFiles/writeTorchWeights';
import type { TrainRequest } from '../../../../src/protocol/engine';
import {
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  defaultVocabularySettings,
  type TrainingSettings,
} from '../../../../src/protocol/settings';
import { UserError } from '../../../../src/userError';
import { assertClose, assertNear } from '../../../reference/compare';

const kinds: readonly CellName[] = ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'];
const noPause = () => Promise.resolve();

function configOf(stack: Partial<StackConfig> & Pick<StackConfig, 'cell'>): ModelConfig {
  return uniformModel({
    ...{ ...plainStack, activation: 'tanh', layers: 1, hiddenSize: 12 },
    ...{ objective: 'squaredError', features: 2, vocabularySize: 1 },
    ...stack,
  });
}

/** The sum of the marked values. */
function corpus(sequences: number, steps: (i: number) => number) {
  const random = Random.fromSeed(7);
  const lines = Array.from({ length: sequences }, (_, i) => {
    let sum = 0;
    const rows = Array.from({ length: steps(i) }, (_row, t) => {
      const [value, mark] = [random.between(0, 1).toFixed(3), t % 3 === 0 ? 1 : 0];
      sum += mark * Number(value);
      return `${value},${mark}`;
    });
    return `${rows.join(' ')} = ${sum.toFixed(3)}`;
  });
  const reader = new NumberCorpusReader();
  reader.add(lines.join('\n'));
  return { ...reader.end(), lines };
}

const few = corpus(24, (i) => 3 + (i % 4));
const text = few.lines[3];

function readerOf(
  { numbers, ends }: ReturnType<typeof corpus>,
  batch: number,
  seed: number | null = 1,
): NumberSequences {
  return new NumberSequences({ ends, first: 0, last: ends.length }, { batch, seed, longest: 1000 }, numbers);
}

const wasm = () => createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);

async function trainerOf(
  config: ModelConfig,
  settings: Partial<TrainingSettings>,
  reader: NumberSequences,
  backend?: Backend,
): Promise<Trainer> {
  const all = { ...defaultTrainingSettings, batch: reader.batch, learningRate: 0.02, ...settings };
  return Trainer.create(
    config,
    all,
    initialize(config, Random.fromSeed(all.seed), all),
    reader,
    backend ?? (await wasm()),
  );
}

describe('training on sequences of numbers', () => {
  for (const cell of kinds)
    it(`${cell}: the squared error falls`, async () => {
      const trainer = await trainerOf(configOf({ cell }), {}, readerOf(few, 8));
      const losses: number[] = [];
      for (let step = 0; step < 150; step++) losses.push((await trainer.next()).loss);
      const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
      const [first, last] = [mean(losses.slice(0, 3)), mean(losses.slice(-3))];
      assert.ok(last < first / 4, `${first} → ${last}`);
    });

  it('interrupted and resumed, the same bits, with dropout, truncation and remedies too', async () => {
    const variants: readonly [ModelConfig, Partial<TrainingSettings>][] = [
      [configOf({ cell: 'lstm', layers: 2 }), { dropout: 0.2, truncation: 2, flossing: 0.5, flossingEvery: 3 }],
      [configOf({ cell: 'rnn' }), { omega: 1, radiusCap: 0.9, flossing: 0.5, flossingEvery: 2, flossingExponents: 3 }],
      [configOf({ cell: 'gru', layers: 2, norm: 'layerNorm', finalNorm: 'layerNorm' }), {}],
    ];
    for (const [config, settings] of variants) {
      const whole = await trainerOf(config, settings, readerOf(few, 5));
      for (let step = 0; step < 12; step++) await whole.next();
      const before = await trainerOf(config, settings, readerOf(few, 5));
      for (let step = 0; step < 7; step++) await before.next();
      const after = await trainerOf(config, settings, readerOf(few, 5));
      after.parameters.values.set(before.parameters.values);
      after.restoreState(before.encodeState(), 'step-7.safetensors');
      for (let step = 7; step < 12; step++) await after.next();
      assert.deepEqual(after.parameters.values, whole.parameters.values);
      assert.deepEqual(after.encodeState(), whole.encodeState());
    }
  });

  it('in shares is the whole batch’s step up to rounding, with the same bits on one thread and on two', async () => {
    const config = configOf({ cell: 'lstm', hiddenSize: 160, layers: 2 });
    const many = corpus(60, (i) => 2 + (i % 8));
    const onThreads = (threads: number) =>
      createBackend({ backend: 'ort', threads }, threads, stepWorkOf(config, 21), windowWorkOf(config, 21));
    const trained = async (backend: Backend) => {
      const trainer = await trainerOf(config, {}, readerOf(many, 21), backend);
      const losses: number[] = [];
      for (let step = 0; step < 4; step++) losses.push((await trainer.next()).loss);
      trainer.end();
      return { losses, weights: trainer.parameters.values };
    };
    const one = await onThreads(1);
    assert.equal(one.shares(21), 2);
    const inShares = await trained(one);
    const whole = await trained({
      ...one,
      shares: () => 1,
      buildShare: (_, streams, make) => one.build(streams, make),
    });
    assertClose(inShares.losses, whole.losses, 1e-5, 'losses');
    assertClose(inShares.weights, whole.weights, 2e-4, 'weights');
    assert.deepEqual(await trained(await onThreads(2)), inShares);
  });

  it('validates by the mean over all sequences of their squared errors', async () => {
    const config = configOf({ cell: 'gru' });
    const parameters = initialize(config, Random.fromSeed(4));
    const loss = await Validator.create(config, readerOf(few, 5, null), parameters, await wasm()).loss();
    const inspector = await inspectorOf(config, parameters);
    let sum = 0;
    for (const line of few.lines) sum += (await inspector.read(line)).trace.loss / few.lines.length;
    assertNear(loss, sum, 1e-5, 'validation loss');
  });

  it('of a gradient that overflows the place is found, and the weights stay as they were', async () => {
    const config = configOf({ cell: 'rnn' });
    const trainer = await trainerOf(config, {}, readerOf(few, 5));
    trainer.parameters.output.W.fill(3e38);
    const before = trainer.parameters.values.slice();
    const overflow = await trainer.next().then(
      () => assert.fail('it went on'),
      (thrown: unknown) => thrown,
    );
    assert.ok(overflow instanceof Overflow);
    assert.deepEqual(trainer.parameters.values, before);
    const found = await searchBatch(overflow.batch, generalModelOf(config, trainer.parameters), () =>
      Promise.resolve(true),
    );
    assert.ok(found?.place);
  });
});

async function inspectorOf(config: ModelConfig, parameters: Parameters, isLive = false): Promise<Inspector> {
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive,
    vocabulary: vocabularyOfNumbers(),
    backend: await wasm(),
  });
}

describe('a model of numbers', () => {
  for (const cell of kinds)
    it(`${cell} runs on ONNX Runtime, and is read back from both of its files`, async () => {
      const config = configOf({ cell, layers: 2, vocabularySize: 2 });
      const parameters = initialize(config, Random.fromSeed(2));
      const inspector = await inspectorOf(config, parameters);
      const line = `${text.split('=')[0]} = 1,2`;
      const { trace } = await inspector.read(line);
      const { numbers } = inspector.encode(line);
      const bytes = encodeCheckpoint({ config, parameters, vocabulary: vocabularyOfNumbers(), step: 3 });
      const session = await InferenceSession.create(bytes, {
        logSeverityLevel: 3,
        extra: { session: flushSubnormals },
      });
      const feeds = { numbers: new Tensor('float32', Float32Array.from(numbers!.inputs), [trace.steps, 1, 2]) };
      const { predictions } = await session.run(feeds);
      await session.release();
      assertClose(predictions.data as Float32Array, trace.probabilities, 1e-5, 'predictions');

      const read = decodeCheckpoint(bytes, 'step-3.onnx');
      assert.deepEqual([read.config, read.vocabulary.unit, read.step], [config, 'numbers', 3]);
      assert.deepEqual(read.parameters.values, parameters.values);
      const { plain } = readTorchWeights(writeTorchWeights({ config, parameters }, 3, {}), 'own.safetensors', {
        activation: null,
        tensors: null,
      });
      assert.deepEqual(plain, { config, parameters });
    });

  it('is described as one in both of its files, and one of tokens says nothing of numbers', async () => {
    const config = configOf({ cell: 'gru', vocabularySize: 3 });
    const parameters = initialize(config, Random.fromSeed(2));
    const folder = mkdtempSync(join(tmpdir(), 'backflow-numbers-'));
    try {
      for (const name of ['model.onnx', 'model.safetensors']) {
        const path = join(folder, name);
        await exportModel(path, { config, parameters }, vocabularyOfNumbers(), 3);
        const { report } = await examineModel({ path, architecture: { activation: null, tensors: null } }, noPause);
        assert.deepEqual([report.model?.features, report.model?.vocabularySize], [2, 3], name);
        assert.equal(report.hasVocabulary, true, name);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const ofTokens = uniformModel({
      ...plainStack,
      cell: 'gru',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 4,
      vocabularySize: 5,
    });
    assert.ok(!('features' in (JSON.parse(configText(ofTokens)) as object)));
    assert.equal((JSON.parse(configText(config)) as { features: number }).features, 2);
  });

  it('is refused from a file that says that its tokens are symbols', () => {
    const config = configOf({ cell: 'gru', vocabularySize: 2 });
    const parameters = initialize(config, Random.fromSeed(2));
    const bytes = encodeCheckpoint({ config, parameters, vocabulary: new Vocabulary(['a', 'b']), step: 3 });
    assert.throws(
      () => decodeCheckpoint(bytes, 'step-3.onnx'),
      /step-3\.onnx is not a whole checkpoint: its model reads numbers, and its metadata says that tokens are read/,
    );
    const { tokens } = formatVocabulary(vocabularyOfNumbers());
    assert.equal(parseVocabulary({ symbols: [], tokens: JSON.parse(tokens) })?.unit, 'numbers');
    assert.equal(parseVocabulary({ symbols: ['a'], tokens: JSON.parse(tokens) }), null);
  });

  it('is looked at by the kernels and in float64 alike, a text of the same length too', async () => {
    const config = configOf({ cell: 'lstm', layers: 2 });
    const parameters = initialize(config, Random.fromSeed(5));
    const live = await inspectorOf(config, parameters, true);
    const exact = await inspectorOf(config, parameters);
    for (const line of [few.lines[3], few.lines[7], few.lines[3]]) {
      const look = await live.look(line, 'last', defaultThresholds, { total: true, inputs: true });
      const report = await makeReport(
        exact,
        { text: line, target: 'last', thresholds: defaultThresholds, matrix: false },
        noPause,
      );
      assertNear(look.trace.loss, report.loss, 1e-5, 'loss');
      assertClose(look.inputs!.flows[0].log10, report.inputs[0].flow.log10, 1e-4, 'input flow');
      look.flows.forEach(({ states }, l) =>
        states.forEach(({ log10 }, s) => assertClose(log10, report.layers[l].states[s].flow.log10, 1e-4, 'flow')),
      );
      assert.deepEqual(report.tokens, line.split(' = ')[0].split(' '));
      assert.equal(report.numbers!.target[0], Number(line.split(' = ')[1]));
      assertNear((report.numbers!.predicted[0] - report.numbers!.target[0]) ** 2, report.loss, 1e-9, 'squared error');
      assert.deepEqual(
        Array.from(report.starts, (start, i) => line.slice(start, report.ends[i])),
        [...report.tokens, `= ${line.split(' = ')[1]}`],
      );
    }
  });

  it('says of a step what there is, and no probabilities', async () => {
    const config = configOf({ cell: 'gru' });
    const inspector = await inspectorOf(config, initialize(config, Random.fromSeed(5)));
    const look = await inspector.look(text, 'last', defaultThresholds, { inputs: true });
    const { steps, loss, probabilities } = look.trace;
    const [first, last] = [await describeToken(look, 1), await describeToken(look, steps)];
    assert.deepEqual([first.loss, first.predictions, first.contributions, first.numbers], [null, [], null, undefined]);
    assert.ok(first.layers[0].gradient! <= 0.5 && first.layers[0].inputGradient !== null);
    assertNear(last.loss!, loss, 1e-12, 'loss');
    assert.deepEqual([last.predictions, last.contributions, last.symbol], [[], null, `= ${text.split(' = ')[1]}`]);
    assert.deepEqual(Array.from(last.numbers!.predicted), [probabilities[steps - 1]]);
    const watch = { text, target: 'last', thresholds: defaultThresholds, maxRate: 1, total: false } as const;
    const unitMap = { layer: 0, direction: 'forward', quantity: 'hidden' } as const;
    const { header, data } = await makeFrame(inspector, { ...watch, unitMap }, 0, 0);
    const { offset } = header.series.find(({ name }) => name === 'loss')!;
    const losses = Array.from(data.subarray(offset, offset + steps));
    assert.ok(losses.slice(0, -1).every(Number.isNaN) && Math.abs(losses[steps - 1] - loss) < 1e-6);
    assert.equal(header.lastTarget, `= ${text.split(' = ')[1]}`);
  });

  it('refuses with a sentence what numbers do not have', async () => {
    const config = configOf({ cell: 'lstm' });
    const inspector = await inspectorOf(config, initialize(config, Random.fromSeed(5)));
    const request = { text, target: 'last', thresholds: defaultThresholds, matrix: false } as const;
    const refused = async (work: () => unknown, sentence: RegExp) =>
      assert.rejects(
        () => Promise.resolve().then(work),
        (thrown) => thrown instanceof UserError && sentence.test(thrown.message),
      );
    await refused(() => makeReport(inspector, { ...request, matrix: true }, noPause), /no matrix of targets/);
    await refused(() => makeReport(inspector, { ...request, target: 0 }, noPause), /target 0 is not the last step, 5/);
    await refused(() => makeReport(inspector, { ...request, target: 99 }, noPause), /99 is not in the text/);
    await refused(
      () => makeReport(inspector, { ...request, text: `${text}\n${text}` }, noPause),
      /2 sequences of numbers/,
    );
    await refused(
      () => makeReport(inspector, { ...request, text: '1 2 = 3' }, noPause),
      /1 number in a step and 1 to predict/,
    );
    await refused(() => makeReport(inspector, { ...request, text: '1,0 2,0' }, noPause), /Line 1 has no target/);
    await refused(() => makeReport(inspector, { ...request, text: '' }, noPause), /no sequence of numbers/);
    await refused(() => makeTargetMatrix(inspector, text, 0, noPause), /no matrix of targets/);
    await refused(() => prepareAttribution(inspector, { text, token: 2, method: 'additive' }), /predicts none/);
    await refused(() => Sampler.of(inspector.model), /predicts numbers, not text/);
    await refused(() => MatrixSource.of(inspector, text), /no matrix of targets/);
    const look = await inspector.look(text, 'last', defaultThresholds);
    await refused(() => laneValues(look, { kind: 'surprise' }), /a model of numbers has none/);
    for (const [stack, sentence] of [
      [{ cell: 'lstm', bidirectional: true }, /Choose one direction/],
      [{ cell: 'lstm', embeddingSize: 4 }, /no embedding/],
      [{ cell: 'attention' }, /Attention cannot read numbers/],
      [{ cell: 'mamba' }, /Mamba cannot read numbers/],
      [{ cell: 'lstm', residual: true }, /a residual connection needs as many/],
      [{ cell: 'lstm', features: 0 }, /must be a whole number from 1 to 4096/],
      [{ cell: 'lstm', features: 4097 }, /must be a whole number from 1 to 4096/],
      [{ cell: 'lstm', vocabularySize: 4097 }, /must be a whole number from 1 to 4096/],
    ] as const)
      await refused(() => configOf(stack), sentence);
  });
});

describe('a run on sequences of numbers', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backflow-numbers-'));
    writeFileSync(join(folder, 'sums.txt'), few.lines.join('\n'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const request = (training: Partial<TrainingSettings>): TrainRequest => ({
    corpus: { kind: 'file', path: join(folder, 'sums.txt') },
    from: null,
    vocabulary: defaultVocabularySettings,
    model: { ...defaultModelSettings, objective: 'squaredError', hiddenSize: 4 },
    training: { ...defaultTrainingSettings, backend: 'wasm', threads: 1, batch: 4, ...training },
    folder: join(folder, 'run'),
  });
  const setUp = (training: Partial<TrainingSettings>) =>
    setUpRun(request(training), new ModelLock(), 1, new AbortController().signal);

  it('reads them one by one, whatever is chosen for texts, and goes on with what its checkpoint says it reads', async () => {
    const parts = await setUp({ mode: 'stream', split: 'paragraphs', window: 2, truncation: 3 });
    const { mode, split, truncation } = parts.description.training;
    assert.deepEqual([mode, split, truncation], ['sequences', 'lines', 3]);
    const { loss } = await parts.trainer.next();
    const onnx = encodeCheckpoint({ ...parts.plain, vocabulary: parts.model.vocabulary, step: 1 });
    await parts.folder.saveCheckpoint(1, onnx, parts.trainer.encodeState());
    await parts.folder.release();
    const record = join(folder, 'run/run.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace('"squaredError"', '"next"'));
    const resumed = await setUpResumed({ folder: join(folder, 'run'), steps: null }, new ModelLock(), 1);
    await resumed.folder.release();
    const [a, b] = [await parts.trainer.next(), await resumed.trainer.next()];
    assert.ok(a.loss !== loss);
    assert.deepEqual([b.step, b.loss], [2, a.loss]);

    // Of a text that is another now, that is said, and not what is wrong with it.
    rmSync(join(folder, 'run/corpus.txt'));
    writeFileSync(join(folder, 'sums.txt'), 'a story\n');
    await assert.rejects(
      setUpResumed({ folder: join(folder, 'run'), steps: null }, new ModelLock(), 1),
      (thrown) => thrown instanceof UserError && thrown.key === 'error.corpus.changedSinceRun',
    );
  });

  it('refuses a sequence that is too long in words for numbers', async () => {
    await assert.rejects(
      setUpRun(
        { ...request({ longestSequence: 5 }), folder: join(folder, 'no') },
        new ModelLock(),
        1,
        new AbortController().signal,
      ),
      /^UserError: Sequence 4 has 6 steps, and 5 are allowed\. Allow longer sequences, or shorten it\.$/,
    );
    assert.ok(!existsSync(join(folder, 'no')));
  });
});

it('what truncation does to the gradient of a sequence of numbers: nothing where no cut lies in it', async () => {
  const config = configOf({ cell: 'rnn' });
  const inspector = await inspectorOf(config, initialize(config, Random.fromSeed(5)));
  const { tokens, cuts } = await compareTruncations(inspector, text, [99, 1], 0);
  assert.deepEqual(tokens, text.split(' = ')[0].split(' '));
  assert.deepEqual([cuts[0].cosine, cuts[0].relativeNorm], [1, 1]);
  // No gradient passes from the last step to any before: R has that of one step, and none of its own past.
  assert.ok(cuts[1].hidden.slice(0, -1).every((norm) => norm === 0) && cuts[1].hidden.at(-1)! > 0);
});

it('the spectrum of a sequence of numbers is of its own steps', async () => {
  const config = configOf({ cell: 'rnn', activation: 'relu' });
  const parameters = initialize(config, Random.fromSeed(5));
  const [[{ W, R }]] = parameters.layers;
  W.fill(1);
  for (let u = 0; u < 12; u++) for (let v = 0; v < 12; v++) R[u * 12 + v] = v === (u + 5) % 12 ? 0.5 : 0;
  const inspector = await inspectorOf(config, parameters);
  const source = prepareSpectrum(inspector, text, 0);
  assert.deepEqual(source.tokens, text.split(' = ')[0].split(' '));
  const [state] = carriedStates(source.trace);
  const { exponents } = await lyapunovSpectrum(state, 3, noPause);
  for (const exponent of exponents) assertNear(exponent, Math.log(0.5), 1e-9, 'exponent');
});

it('a batch of sequences of numbers ends each with its own target, and is padded with nothing', () => {
  const reader = readerOf(few, 3, null);
  const [inputs, targets, lengths] = [new Int32Array(18), new Int32Array(18), new Int32Array(3)];
  const { steps } = reader.next(inputs, targets, lengths);
  assert.deepEqual([steps, Array.from(lengths)], [5, [3, 4, 5]]);
  const columns = (values: Int32Array) => [0, 1, 2].map((b) => [0, 1, 2, 3, 4].map((t) => values[t * 3 + b]));
  assert.deepEqual(columns(inputs), [
    [0, 1, 2, -1, -1],
    [3, 4, 5, 6, -1],
    [7, 8, 9, 10, 11],
  ]);
  assert.deepEqual(columns(targets), [
    [-1, -1, 0, -1, -1],
    [-1, -1, -1, 1, -1],
    [-1, -1, -1, -1, 2],
  ]);
  const rows = takeRows(new Float64Array(4), few.numbers.inputs, 2, Int32Array.of(-1, 1));
  assert.deepEqual(Array.from(rows), [0, 0, few.numbers.inputs[2], few.numbers.inputs[3]]);
});
