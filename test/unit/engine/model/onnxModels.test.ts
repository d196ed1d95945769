/** Real exports of other tools, opened, verified and inspected, beside PyTorch in float64. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PerTargetNorms } from '../../../../src/core/analysis/perTargetWalk';
import { decodeOnnx } from '../../../../src/formats/onnx/onnxFile';
import { readOnnx } from '../../../../src/modelFiles/onnx/read/readModel';
import { compareRuns } from '../../../../src/engine/model/verification/compareRuns';
import { runFile } from '../../../../src/engine/model/verification/fileRun';
import { runModel } from '../../../../src/engine/model/verification/modelRun';
import { runtimeEvaluator } from '../../../../src/engine/model/verification/runtimeEvaluator';
import { RuntimeProcess, setRuntimeProgram } from '../../../../src/engine/runtime/runtimeProcess';
import { openModel, type OpenedModel } from '../../../../src/engine/model/openModel';
import type { GradientNorms } from '../../../../src/engine/inspect/gradientReport';
import { Float64Reading } from '../../../../src/engine/inspect/reading';
import { stateNorms } from '../../../../src/engine/inspect/states';
import { rowsOf } from '../../../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { UserError } from '../../../../src/userError';
import { temporaryFolder } from '../../../engine/support/engineProcess';
import {
  onnxFolder,
  onnxModels,
  onnxReference,
  textOf,
  vocabularyFile,
  zeroLogarithm,
  type OnnxReference,
} from '../../../reference/onnxReferences';

/** Relative to the root mean square of a series. */
const tolerance = 1e-4;
/** Of logarithms to base 10. */
const logTolerance = 1e-3;

setRuntimeProgram(resolve('dist/runtime.js'));

/** ONNX Runtime has neither layout = 1 nor the operator ConstantFill, which PyTorch wrote for opset 7. */
const unrunnable = /layout|plain-script7/;
/** What can be read all the same, and what is said about it. */
const readable: Readonly<Record<string, string>> = {
  // Only one text at a time can be read with it, and for one text it is right.
  'view-between.onnx': '',
  // Exported in training mode; that it is read as in evaluation mode is said.
  'dropout-active.onnx': 'training mode',
};

let runtime: RuntimeProcess;
before(() => (runtime = new RuntimeProcess()));
after(() => runtime.close());

const open = (file: string, text: string, on = runtime): Promise<OpenedModel> =>
  openModel(
    { path: join(onnxFolder, file), vocabulary: vocabularyFile, text, architecture: { activation: null } },
    { runtime: on },
  );

describe('models of other tools: read, verified on ONNX Runtime, and the same as PyTorch in float64', () => {
  for (const { file, reference } of onnxModels()) {
    it(file, async () => {
      const expected = onnxReference(reference);
      const text = textOf(expected);
      const { general, vocabulary, verification, notices } = await open(file, text);
      assert.ok(verification?.agrees, `the verification: ${JSON.stringify(verification)}`);
      assert.equal(verification.by, unrunnable.test(file) ? 'graph' : 'onnxRuntime');
      if (unrunnable.test(file))
        assert.ok(
          notices.some(({ message }) => message.includes('ONNX Runtime cannot run the file’s own graph')),
          'no word that ONNX Runtime cannot run it',
        );
      const reading = new Float64Reading(general, vocabulary.encode(text));
      assertSeries([reading.trace.loss], [expected.loss], 'loss');
      await assertGradients(reading, expected);
    });
  }
});

describe('models of other tools, without ONNX Runtime', () => {
  const folder = temporaryFolder();
  let missing: RuntimeProcess;
  before(() => {
    const program = join(folder.path, 'missing.js');
    writeFileSync(program, `process.on('message', ({ call }) => process.send({ reply: call, value: false }));`);
    setRuntimeProgram(program);
    missing = new RuntimeProcess();
    setRuntimeProgram(resolve('dist/runtime.js'));
  });
  after(() => {
    missing.close();
    return folder.remove();
  });

  for (const { file, reference } of onnxModels())
    it(file, async () => {
      const { verification, notices } = await open(file, textOf(onnxReference(reference)), missing);
      const sentences = notices.map(({ message }) => message).join(' ');
      assert.ok(verification?.agrees, `the verification: ${JSON.stringify(verification)} ${sentences}`);
      assert.equal(verification.by, 'graph');
      // Constants that are multiplied into the weights are rounded to float32.
      const tolerance64 = /scaled|temperature/.test(file) ? 1e-7 : 1e-9;
      assert.ok(verification.difference < tolerance64, `difference ${verification.difference}`);
    });
});

describe('models that only look like a language model', () => {
  const folder = join(onnxFolder, 'refused');
  for (const file of readdirSync(folder).sort()) {
    it(file, async () => {
      const opened = open(join('refused', file), 'ab').catch((thrown: unknown) => thrown);
      const found = await opened;
      if (file in readable) {
        assert.ok('verification' in (found as OpenedModel));
        const { verification, notices } = found as OpenedModel;
        assert.ok(verification?.agrees);
        assert.ok(
          notices
            .map(({ message }) => message)
            .join(' ')
            .includes(readable[file]),
        );
        return;
      }
      assert.ok(found instanceof UserError, `opened, or failed otherwise: ${String(found)}`);
      assert.match(found.message, file.includes('unsorted') ? /“\/TopK” \(TopK\)/ : /“culprit”/);
    });
  }
});

async function assertGradients(reading: Float64Reading, expected: OnnxReference): Promise<void> {
  const { trace } = reading;
  const { totals, norms } = await reading.totalsWithInput();
  const perTarget = await reading.perTarget(trace.steps - 1);
  assert.equal(trace.layers.length, expected.layers.length, 'layers');
  expected.layers.forEach((directions, l) => {
    assert.equal(trace.layers[l].directions.length, directions.length, `directions of layer ${l}`);
    directions.forEach((state, d) => {
      const where = `layer ${l}, direction ${d}`;
      if (state.h) assertSeries(statesOf(reading, l, d), state.h, `h of ${where}`);
      else assert.equal(stateNorms(trace, l, d).length, trace.steps);
      assertSeries(totals[l][d][0], state.total_h, `‖∂L/∂h‖ of ${where}`);
      if (state.total_c) assertSeries(totals[l][d][1], state.total_c, `‖∂L/∂c‖ of ${where}`);
      assertPerTarget(perTarget[l][d], state, where);
    });
  });
  assertNorms(
    norms,
    expected,
    trace.layers.map(({ directions }) => directions.map(({ direction }) => direction)),
  );
  if (expected.matrix) assertLogarithms(await reading.matrix(() => Promise.resolve()), expected.matrix, 'matrix');
}

/** T × H. */
function statesOf({ trace: { layers, steps } }: Float64Reading, l: number, d: number): number[] {
  const { hiddenSize: H, directions } = layers[l];
  const {
    states: [hidden],
    direction,
  } = directions[d];
  return Array.from({ length: steps }, (_, t) => {
    const { after } = rowsOf({ direction }, t);
    return Array.from(hidden.subarray(after * H, (after + 1) * H));
  }).flat();
}

function assertPerTarget(
  [hidden, cellState]: PerTargetNorms,
  { per_target_h, per_target_c }: OnnxReference['layers'][number][number],
  where: string,
): void {
  assertLogarithms(hidden, per_target_h, `log₁₀‖∂ℓ/∂h‖ of ${where}`);
  if (per_target_c) assertLogarithms(cellState, per_target_c, `log₁₀‖∂ℓ/∂c‖ of ${where}`);
}

function assertNorms(
  { parameters, output, embedding }: GradientNorms,
  { norms }: OnnxReference,
  directions: readonly (readonly string[])[],
): void {
  const found: Record<string, number> = { 'output b': output.b };
  if ('output W' in norms) found['output W'] = output.W;
  if (embedding !== null) found['embedding'] = embedding;
  for (const { layer, direction, norms: own } of parameters) {
    assert.ok(directions[layer].includes(direction));
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const) found[`${layer} ${direction} ${role}`] = own[role];
  }
  assert.deepEqual(Object.keys(found).sort(), Object.keys(norms).sort());
  for (const [name, norm] of Object.entries(norms))
    assertSeries([found[name]], [norm], `norm of the gradient of ${name}`);
}

function assertSeries(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0) / expected.length);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i] - value) <= tolerance * size,
      `${what}, ${i}: ${actual[i]} beside ${value}, size ${size}`,
    );
  });
}

function assertLogarithms(actual: ArrayLike<number>, expected: readonly (number | null)[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    if (value === null) assert.ok(Number.isNaN(actual[i]), `${what}, ${i}: ${actual[i]} where nothing can be reached`);
    else if (value === zeroLogarithm) assert.equal(actual[i], -Infinity, `${what}, ${i}`);
    else assert.ok(Math.abs(actual[i] - value) <= logTolerance, `${what}, ${i}: ${actual[i]} beside ${value}`);
  });
}

describe('bare weights of PyTorch', () => {
  for (const file of readdirSync(onnxFolder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()) {
    const [reference, kind] = file.split('.');
    it(file, async () => {
      const expected = onnxReference(reference);
      const text = textOf(expected);
      const activation = reference.startsWith('rnn-relu') ? 'relu' : null;
      const source = {
        path: join(onnxFolder, file),
        vocabulary: vocabularyFile,
        text,
        architecture: { activation } as const,
      };
      const { general, vocabulary } = await openModel(source);
      const reading = new Float64Reading(general, vocabulary.encode(text));
      // A half has 11 digits, a bfloat16 8.
      if (kind === 'float16' || kind === 'bfloat16')
        assert.ok(
          Math.abs(reading.trace.loss / expected.loss - 1) < (kind === 'float16' ? 2 ** -10 : 2 ** -6),
          `loss ${reading.trace.loss} beside ${expected.loss}`,
        );
      else await assertGradients(reading, expected);
      if (activation)
        await assert.rejects(openModel({ ...source, architecture: { activation: null } }), /choose tanh or relu/);
    });
  }
});

describe('a verification that fails', () => {
  it('names the first node that differs', async () => {
    const expected = onnxReference('lstm-3');
    const path = join(onnxFolder, 'lstm-3.plain-torch.onnx');
    const bytes = readFileSync(path);
    const proto = decodeOnnx(bytes, path);
    const { model, use } = readOnnx(proto, () => assert.fail('no external data'));
    assert.ok(model && use);
    const [lowest, middle, top] = model.layers;
    const wrong = {
      ...middle,
      directions: [
        { ...middle.directions[0], R: middle.directions[0].R.map((value, i) => (i === 3 ? value + 0.5 : value)) },
      ],
    };
    const file = { bytes, proto, external: () => assert.fail('no external data') };
    const ofFile = await runFile(runtimeEvaluator(runtime), file, { use, model }, expected.ids);
    const verificationOf = async (read: GeneralModel) =>
      compareRuns(ofFile, await runModel(runtime, read, ofFile.tokens));
    const verification = await verificationOf({ ...model, layers: [lowest, wrong, top] });
    assert.equal(verification.agrees, false);
    assert.deepEqual(
      [verification.disagreement?.node, verification.disagreement?.operator],
      [use.recurrent[1][0].node, 'LSTM'],
    );
    const output = { ...model.output, b: model.output.b.map((value, i) => value + i) };
    assert.equal((await verificationOf({ ...model, output })).disagreement?.node, use.outputLayer);
  });
});
