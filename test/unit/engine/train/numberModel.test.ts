/** A model of numbers: in its files, on ONNX Runtime, looked at, and what it does not have. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Vocabulary, vocabularyOfNumbers } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Random } from '../../../../src/core/model/random';
import { describeToken } from '../../../../src/engine/inspect/tokenReport';
import { makeReport } from '../../../../src/engine/inspect/report';
import { makeTargetMatrix } from '../../../../src/engine/inspect/targetMatrix';
import { prepareAttribution } from '../../../../src/engine/inspect/attribution';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { laneValues } from '../../../../src/engine/inspect/lane';
import { MatrixSource } from '../../../../src/engine/inspect/matrixRows';
import { examineModel } from '../../../../src/engine/model/examination';
import { exportModel } from '../../../../src/engine/model/exportModel';
import { flushSubnormals, InferenceSession, Tensor } from '../../../../src/engine/onnxRuntime';
import { Sampler } from '../../../../src/engine/sampling/sampler';
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/modelFiles/checkpointFile';
import { configText } from '../../../../src/modelFiles/configText';
import { readTorchWeights } from '../../../../src/modelFiles/torchWeights';
import { formatVocabulary, parseVocabulary } from '../../../../src/modelFiles/vocabularyFormat';
import { writeTorchWeights } from '../../../../src/modelFiles/writeTorchWeights';
import { defaultThresholds } from '../../../../src/protocol/settings';
import { UserError } from '../../../../src/userError';
import { assertClose, assertNear } from '../../../reference/compare';
import { kinds, noPause, configOf, few, text, inspectorOf } from '../../support/numberModels';

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
