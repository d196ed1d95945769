/** Hostile ONNX files: real ones, their bytes or their messages changed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/core/model/random';
import { generalModelOf } from '../../src/core/model/plainModel';
import { readInFloat64 } from '../../src/core/float64/float64Trace';
import { checkpointOf, encodeCheckpoint } from '../../src/modelFiles/checkpointFile';
import { generalGraph } from '../../src/modelFiles/onnx/generalGraph';
import {
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../../src/formats/onnx/messages';
import { decodeOnnx } from '../../src/formats/onnx/onnxFile';
import { readOnnx } from '../../src/modelFiles/onnx/read/readModel';
import { plainStack, uniformModel } from '../../src/core/model/config';
import { initialize } from '../../src/core/model/initialize';
import { Random as Seeded } from '../../src/core/model/random';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { externalDataOf } from '../../src/engine/model/externalData';
import { onnxFolder } from '../reference/onnxReferences';
import { below, oneOf, type FuzzedFormat, type Mutation } from './format';

const names = [
  'lstm-2.plain-script7.onnx',
  'lstm-2.states-torch.onnx',
  'gru-2-both.plain-torch.onnx',
  'gru-norm-both.plain-script16.onnx',
  'lstm-1-onehot.scatter-script16.onnx',
  'made-lstm-typed.onnx',
  'made-lstm-typed.external.onnx',
  'made-lstm-mixed.onnx',
  'keras-lstm-2-both.tf2onnx15.onnx',
  'lstm-2.last_hidden-script13.onnx',
  'made-lstm-noise.onnx',
];

const sizes = [0, 1, -1, 2, 3, 7, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 40, -(2 ** 62), 2 ** 53];
const locations = [
  '../secret',
  '/etc/passwd',
  '..\\secret',
  'a/../../b',
  'made-lstm-typed.data',
  '',
  '\0',
  'C:\\x',
  'x'.repeat(5000),
  '.',
  '//server/share',
];

export const onnx: FuzzedFormat = {
  name: 'onnx',
  files: [...names.map((name) => new Uint8Array(readFileSync(join(onnxFolder, name)))), checkpoint()],
  mutations: [
    ofMessages(({ graph }, random) => {
      const tensor = graph.initializer.at(below(graph.initializer.length, random));
      if (tensor?.dims.length) tensor.dims[below(tensor.dims.length, random)] = oneOf(sizes, random);
    }),
    ofMessages(({ graph }, random) => {
      const tensor = graph.initializer.at(below(graph.initializer.length, random));
      if (tensor) tensor.dataType = below(24, random);
    }),
    ofMessages(({ graph }, random) => {
      const tensor = graph.initializer.at(below(graph.initializer.length, random));
      if (!tensor) return;
      delete tensor.rawData;
      tensor.dataLocation = 1;
      tensor.externalData = [
        { key: 'location', value: oneOf(locations, random) },
        { key: 'offset', value: oneOf(['0', '-1', 'NaN', '1e300', '4096'], random) },
        { key: 'length', value: oneOf(['0', '64', '-5', '9007199254740993'], random) },
      ];
    }),
    // Inputs from anywhere: cycles, wrong kinds, nothing at all.
    ofNodes((node, { graph }, random) => {
      if (node.input.length > 0)
        node.input[below(node.input.length, random)] =
          random.uniform() < 0.2 ? '' : (oneOf(graph.node, random).output.at(0) ?? '');
    }),
    ofNodes((node, _, random) => {
      node.opType = oneOf(
        [
          'LSTM',
          'GRU',
          'RNN',
          'Reshape',
          'Transpose',
          'Concat',
          'Slice',
          'Gather',
          'Expand',
          'ConstantOfShape',
          'Range',
          'Split',
          'Squeeze',
          'Loop',
          '__proto__',
          'constructor',
        ],
        random,
      );
    }),
    ofNodes((node, _, random) => {
      const attribute = node.attribute?.at(below(node.attribute.length, random));
      if (!attribute) return;
      const integer = oneOf(sizes, random);
      Object.assign(attribute, {
        i: integer,
        f: oneOf([NaN, Infinity, -1, 0, 1e38], random),
        ints: Array.from({ length: below(5, random) }, () => oneOf(sizes, random)),
      });
    }),
    ofMessages(({ graph }, random) => {
      graph.node.sort(() => random.uniform() - 0.5);
    }),
    ofMessages(({ graph }, random) => {
      graph.node.splice(below(graph.node.length, random), 1);
    }),
    // A shape asks for what does not fit in memory, again and again.
    ofMessages(({ graph }, random) => {
      const size = oneOf([2 ** 16, 2 ** 20, 2 ** 28], random);
      graph.initializer.push({ name: 'huge', dims: [2], dataType: 7, int64Data: [size, size] });
      const inputs = graph.node.flatMap(({ input }) => input);
      for (let i = 0; i < 40; i++)
        graph.node.unshift({
          opType: oneOf(['ConstantOfShape', 'Expand'], random),
          input: ['huge', 'huge'],
          output: [i === 0 ? oneOf(inputs, random) : `huge${i}`],
        });
    }),
    ofMessages(({ graph }, random) => {
      graph.node.push({
        opType: 'If',
        input: [],
        output: ['nested'],
        attribute: [{ name: 'then_branch', type: 5, g: nested(1 + below(300, random), graph) }],
      });
    }),
    ofMessages(({ graph }, random) => {
      for (let i = below(5000, random); i > 0; i--)
        graph.node.push({ opType: 'Identity', input: ['ids'], output: [`copy${i}`] });
    }),
    ofMessages((model, random) => {
      model.opsetImport = [{ domain: '', version: oneOf([-1, 0, 1, 5, 9, 30, 2 ** 40], random) }];
    }),
    // Bytes: messages within messages, deeper than any stack.
    opened,
  ],
  read(bytes) {
    const path = join(onnxFolder, 'hostile.onnx');
    const proto = decodeOnnx(bytes, path);
    const checkpoint_ = checkpointOf(proto, path);
    const read = checkpoint_
      ? { model: generalModelOf(checkpoint_.config, checkpoint_.parameters) }
      : readOnnx(proto, externalDataOf(path));
    if (!read.model) return;
    encodeModel(generalGraph(read.model));
    readInFloat64(read.model, Int32Array.of(0, 0, 0), Int32Array.of(0, 0, 0));
  },
};

function checkpoint(): Uint8Array {
  const config = uniformModel({
    ...plainStack,
    cell: 'gru',
    activation: 'tanh',
    layers: 2,
    hiddenSize: 5,
    vocabularySize: 3,
  });
  return encodeCheckpoint({
    config,
    parameters: initialize(config, Seeded.fromSeed(1)),
    vocabulary: new Vocabulary(['a', 'b', 'c']),
    step: 1,
  });
}

function ofMessages(change: (model: ModelProto, random: Random) => void): Mutation {
  return (bytes, random) => {
    let model: Partial<ModelProto>;
    try {
      model = decodeModel(bytes);
      if (!model.graph || model.graph.node.length === 0) return bytes;
      change(model as ModelProto, random);
      return encodeModel(model as ModelProto);
    } catch {
      // Bytes that were changed before: no messages any more.
      return bytes;
    }
  };
}

function ofNodes(change: (node: NodeProto, model: ModelProto, random: Random) => void): Mutation {
  return ofMessages((model, random) => {
    change(oneOf(model.graph.node, random), model, random);
  });
}

function nested(depth: number, graph: GraphProto): GraphProto {
  let inner: GraphProto = { name: 'inner', node: graph.node.slice(0, 1), initializer: [], input: [], output: [] };
  for (let i = 0; i < depth; i++)
    inner = {
      ...inner,
      node: [{ opType: 'If', input: [], output: [], attribute: [{ name: 'then_branch', type: 5, g: inner }] }],
    };
  return inner;
}

function opened(bytes: Uint8Array, random: Random): Uint8Array {
  return deep(bytes, 1 + below(20_000, random));
}

/** The file, its graph's field followed by one whose length prefixes open a message each. */
function deep(bytes: Uint8Array, depth: number): Uint8Array {
  // ModelProto.graph, then GraphProto.node, NodeProto.attribute, AttributeProto.g, each as long as what is left.
  const tags = [0x3a, 0x0a, 0x2a, 0x32];
  /** The innermost first. */
  const heads: number[][] = [];
  let length = 0;
  for (let i = depth; i >= 0 && length <= 60_000; i--) {
    const head = [i === 0 ? tags[0] : tags[1 + ((i - 1) % 3)], ...varint(length)];
    heads.push(head);
    length += head.length;
  }
  const all = new Uint8Array(bytes.length + length);
  all.set(bytes);
  all.set(heads.reverse().flat(), bytes.length);
  return all;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}
