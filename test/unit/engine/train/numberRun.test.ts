/** A run on sequences of numbers, set up and resumed. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialize } from '../../../../src/core/model/initialize';
import { takeRows } from '../../../../src/core/model/numberRows';
import { Random } from '../../../../src/core/model/random';
import { carriedStates } from '../../../../src/core/spectra/carriedState';
import { lyapunovSpectrum } from '../../../../src/core/spectra/lyapunov';
import { prepareSpectrum } from '../../../../src/engine/inspect/spectrum';
import { compareTruncations } from '../../../../src/engine/inspect/truncations';
import { ModelLock } from '../../../../src/engine/modelLock';
import { setUpResumed } from '../../../../src/engine/train/resume';
import { setUpRun } from '../../../../src/engine/train/setUp';
import { encodeCheckpoint } from '../../../../src/modelFiles/checkpointFile';
import type { TrainRequest } from '../../../../src/protocol/engine';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  defaultVocabularySettings,
  type TrainingSettings,
} from '../../../../src/protocol/settings';
import { UserError } from '../../../../src/userError';
import { assertNear } from '../../../reference/compare';
import { noPause, configOf, few, text, readerOf, inspectorOf } from '../../support/numberModels';

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
