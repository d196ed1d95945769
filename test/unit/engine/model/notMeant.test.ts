/** Files that are right in themselves and not what their author trained, or that ONNX Runtime runs otherwise than the operators' text says: read, and said. */
import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Float64Reading } from '../../../../src/engine/inspect/reading';
import { openModel, type OpenedModel } from '../../../../src/engine/model/openModel';
import { RuntimeProcess, setRuntimeProgram } from '../../../../src/engine/runtime/runtimeProcess';
import {
  attributeType,
  encodeModel,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
} from '../../../../src/formats/onnx/messages';
import { decodeOnnx } from '../../../../src/formats/onnx/onnxFile';
import { temporaryFolder } from '../../../engine/support/engineProcess';
import { onnxFolder, symbols, vocabularyFile } from '../../../reference/onnxReferences';

const kept = join(onnxFolder, 'notMeant');
const text = symbols().join('').repeat(3);

describe('a file that is not what its author trained', () => {
  const folder = temporaryFolder();
  let runtime: RuntimeProcess;
  before(() => {
    setRuntimeProgram(resolve('dist/runtime.js'));
    runtime = new RuntimeProcess();
  });
  after(() => {
    runtime.close();
    return folder.remove();
  });

  const open = (path: string, of = text): Promise<OpenedModel> =>
    openModel({ path, vocabulary: vocabularyFile, text: of, architecture: { activation: null } }, { runtime });

  /** A kept file, written again as `change` makes it. */
  function changed(file: string, change: (model: ModelProto) => ModelProto): string {
    const path = join(folder.path, 'changed.onnx');
    writeFileSync(path, encodeModel(change(decodeOnnx(readFileSync(join(onnxFolder, file)), file))));
    return path;
  }

  const withForm = (form: 0 | 1, producerName: string) =>
    changed('gru-2.plain-script11.onnx', (model) => ({
      ...withNodes(model, 'GRU', (node) => withAttributes(node, whole('linear_before_reset', form))),
      producerName,
    }));

  it('a GRU of PyTorch without linear_before_reset = 1', async () => {
    const { notices, verification, general } = await open(withForm(0, 'pytorch'));
    assert.ok(verification?.agrees);
    assert.ok(general.layers.every(({ linearBeforeReset }) => !linearBeforeReset));
    assert.match(said(notices), /GRU at the node “[^”]+” has linear_before_reset = 0, but PyTorch’s nn\.GRU computes/);
  });

  it('but not a GRU of PyTorch with it, nor one of a tool that trains both', async () => {
    for (const path of [withForm(1, 'pytorch'), withForm(0, 'tf2onnx')])
      assert.doesNotMatch(said((await open(path)).notices), /linear_before_reset/);
  });

  it('exported in training mode: read as in evaluation mode', async () => {
    const { ids, loss } = JSON.parse(readFileSync(join(kept, 'training.json'), 'utf8')) as {
      ids: number[];
      loss: number;
    };
    const known = symbols();
    const { general, vocabulary, verification, notices } = await open(
      join(kept, 'training.onnx'),
      ids.map((id) => known[id]).join(''),
    );
    assert.ok(verification?.agrees);
    assert.match(said(notices), /exported in training mode: .*Dropout, at node_/);
    const reading = new Float64Reading(general, vocabulary.encode(ids.map((id) => known[id]).join('')));
    assert.ok(Math.abs(reading.trace.loss / loss - 1) < 1e-6, `loss ${reading.trace.loss} beside ${loss}`);
  });

  it('an LSTM whose projection the exporter left out: refused, the reason being the first node that has one', async () => {
    for (const [file, node] of [
      ['projection-1.onnx', 'node_lstm__2'],
      ['projection-2.onnx', 'node_LSTM_'],
    ])
      await assert.rejects(
        open(join(kept, file)),
        new RegExp(`“${node}\\d*” \\(LSTM\\) has 6 cells and 4 outputs: .*projection \\(proj_size\\)`),
      );
  });

  it('the same where the sizes of its states do not give it away', async () => {
    const path = changed('notMeant/projection-1.onnx', (model) =>
      withNodes(model, 'LSTM', (node) => ({ ...node, input: node.input.slice(0, 4) })),
    );
    const { verification, notices } = await open(path);
    assert.ok(verification?.agrees);
    assert.match(said(notices), /“node_lstm__2” stands for an LSTM with a projection/);
  });

  it('a time axis that was fixed at export, but not one of a graph that reads one token a call', async () => {
    const steps = decodeOnnx(readFileSync(join(onnxFolder, 'lstm-2.fixed-script9.onnx')), '').graph.input[0].type
      ?.tensorType?.shape?.dim[1].dimValue;
    assert.ok(steps !== undefined && steps > 1);
    const sentence = `reads texts of exactly ${steps} tokens`;
    assert.ok(said((await open(join(onnxFolder, 'lstm-2.fixed-script9.onnx'))).notices).includes(sentence));
    for (const other of ['lstm-2.plain-torch.onnx', 'lstm-2.single_step-script13.onnx'])
      assert.doesNotMatch(said((await open(join(onnxFolder, other))).notices), /texts of exactly/);
  });

  for (const { file, operator, activations, functions } of [
    { file: 'rnn-tanh-1.plain-script18.onnx', operator: 'RNN', activations: ['Affine'], functions: 'Affine' },
    {
      file: 'gru-1.plain-script10.onnx',
      operator: 'GRU',
      activations: ['Sigmoid', 'ScaledTanh'],
      functions: 'ScaledTanh',
    },
    {
      file: 'lstm-1.plain-script16.onnx',
      operator: 'LSTM',
      activations: ['Sigmoid', 'Tanh', 'ThresholdedRelu'],
      functions: 'ThresholdedRelu',
    },
  ])
    it(`${functions} without coefficients: runtime and text differ, and the model is read as the text says`, async () => {
      const path = changed(file, (model) =>
        withNodes(model, operator, (node) => withAttributes(node, texts('activations', activations))),
      );
      const { verification, notices } = await open(path);
      assert.deepEqual([verification?.by, verification?.agrees], ['onnxRuntime', true]);
      assert.match(said(notices), new RegExp(`gives no coefficients for ${functions}\\..* differ: `));
    });
});

function said(notices: OpenedModel['notices']): string {
  return notices.map(({ message }) => message).join('\n');
}

function withNodes(model: ModelProto, operator: string, change: (node: NodeProto) => NodeProto): ModelProto {
  const node = model.graph.node.map((each) => (each.opType === operator ? change(each) : each));
  return { ...model, graph: { ...model.graph, node } };
}

function withAttributes(node: NodeProto, ...given: AttributeProto[]): NodeProto {
  const names = given.map(({ name }) => name);
  return { ...node, attribute: [...(node.attribute ?? []).filter(({ name }) => !names.includes(name)), ...given] };
}

function whole(name: string, i: number): AttributeProto {
  return { name, type: attributeType.int, i };
}

function texts(name: string, values: readonly string[]): AttributeProto {
  return { name, type: attributeType.strings, strings: values.map((value) => new TextEncoder().encode(value)) };
}
