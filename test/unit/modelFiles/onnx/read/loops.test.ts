/** A Loop is read as the layer it stands for, or refused by name: bodies that are almost a cell are not taken for one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeOnnx } from '../../../../../src/formats/onnx/onnxFile';
import { readOnnx, type ReadModel } from '../../../../../src/modelFiles/onnx/read/readModel';
import type { GraphProto, NodeProto } from '../../../../../src/formats/onnx/messages';

const folder = 'test/vectors/data/onnx';
const noFiles = () => assert.fail('no other file is read');

/** The model of a file whose Loop's body has been changed. */
function readChanged(file: string, change: (body: GraphProto, loop: NodeProto) => void): ReadModel {
  const model = decodeOnnx(readFileSync(join(folder, file)), file);
  const loop = model.graph.node.find(({ opType }) => opType === 'Loop');
  const body = loop?.attribute?.find(({ name }) => name === 'body')?.g;
  assert.ok(loop && body);
  change(body, loop);
  return readOnnx(model, noFiles);
}

function nodeOf(body: GraphProto, operator: string): NodeProto {
  const node = body.node.find(({ opType }) => opType === operator);
  assert.ok(node, `the body has a ${operator}`);
  return node;
}

/** Where each changed body stops being the cell. */
const almost: Readonly<Record<string, (body: GraphProto, loop: NodeProto) => void>> = {
  'another activation': (body) => {
    nodeOf(body, 'Tanh').opType = 'Sin';
  },
  'the next row instead of this one': (body) => {
    const gather = nodeOf(body, 'Gather');
    const counter = nodeOf(body, 'Add');
    gather.input = [gather.input[0], counter.output[0]];
    body.node.sort((a, b) => Number(b === counter) - Number(a === counter));
  },
  'the state before each step as its output': (body) => {
    const [, , , state] = body.input.map(({ name }) => name);
    body.output[body.output.length - 1] = { name: state };
  },
  'a state that is scaled on its way back': (body) => {
    const identity = nodeOf(body, 'Identity');
    identity.opType = 'Mul';
    identity.input = [identity.input[0], identity.input[0]];
  },
  'an end before the last row': (body) => {
    nodeOf(body, 'Less').opType = 'Greater';
  },
  'a number of rounds of its own': (_, loop) => {
    loop.input = [loop.input[2], ...loop.input.slice(1)];
  },
};

describe('a recurrent layer written as a Loop', () => {
  it('is read as that layer', () => {
    const { model } = readChanged('keras-rnn.tf2onnx11.onnx', () => undefined);
    assert.deepEqual(
      model?.layers.map(({ cell, directions }) => [cell, directions[0].activations[0].name]),
      [['rnn', 'tanh']],
    );
    const gru = readChanged('keras-gru-before.tf2onnx9.onnx', () => undefined).model;
    assert.deepEqual(
      gru?.layers.map(({ cell, linearBeforeReset }) => [cell, linearBeforeReset]),
      [['gru', false]],
    );
  });

  for (const [what, change] of Object.entries(almost)) {
    it(`is refused by its name with ${what}`, () => {
      const { model, refusal } = readChanged('keras-rnn.tf2onnx11.onnx', change);
      assert.equal(model, null);
      assert.match(refusal?.message ?? '', /while_loop” \(Loop\)/);
    });
  }
});
