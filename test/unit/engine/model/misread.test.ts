/** A file that is taken for a stack of layers, and is not what it was taken for. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { finished } from '../../../../src/core/graph/turns';
import { openModel, openModelOrGraph } from '../../../../src/engine/model/openModel';
import { setRuntimeProgram } from '../../../../src/engine/runtime/runtimeProcess';
import { readOnnx } from '../../../../src/modelFiles/onnx/read/readModel';
import { UserError } from '../../../../src/userError';
import { onnxFolder, onnxReference, textOf, vocabularyFile } from '../../../reference/onnxReferences';
import { readGraph } from '../inspect/graph/support';

setRuntimeProgram(resolve('dist/runtime.js'));

/** Reads a file rightly but for one number of the recurrent matrix. */
const misreading: typeof readOnnx = (proto, external) => {
  const { model, ...read } = readOnnx(proto, external);
  assert.ok(model);
  const [layer, ...above] = model.layers;
  const [direction] = layer.directions;
  const R = direction.R.map((value, i) => (i === 3 ? value + 0.5 : value));
  return { ...read, model: { ...model, layers: [{ ...layer, directions: [{ ...direction, R }] }, ...above] } };
};

describe('a stack that predicts otherwise than its file', () => {
  const expected = onnxReference('lstm-2');
  const source = {
    path: join(onnxFolder, 'lstm-2.plain-torch.onnx'),
    vocabulary: vocabularyFile,
    text: textOf(expected),
    architecture: { activation: null },
  };

  it('opens in graph mode, with what the file computes, and says why', async () => {
    const opened = await openModelOrGraph(source, () => Promise.resolve(), { read: misreading });
    assert.ok(opened.mode === 'graph');
    assert.match(
      opened.notices[0].message,
      /^Graph mode: .* Read as a stack of layers, it does not predict what the file’s own graph predicts: .* first at the node/,
    );
    assert.deepEqual([opened.verification?.by, opened.verification?.agrees], ['onnxRuntime', true]);
    const { reading } = readGraph(opened.graph, expected.ids);
    assert.ok(Math.abs(reading.loss - expected.loss) < 1e-6);
    assert.ok(finished(reading.totals(opened.graph.series)).length > 0);
  });

  it('is refused where only a stack will do', async () => {
    await assert.rejects(
      openModel(source, { read: misreading }),
      (thrown) => thrown instanceof UserError && /needs a stack .* does not predict/.test(thrown.message),
    );
  });
});
