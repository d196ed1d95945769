import assert from 'node:assert/strict';
import { TensorError } from '../../../../src/formats/onnx/constant';
import { dataType, type SparseTensorProto } from '../../../../src/formats/onnx/messages';
import { readSparseTensor } from '../../../../src/formats/onnx/sparse';

function sparse(dims: number[], values: number[], places: number[], rank?: number): SparseTensorProto {
  return {
    dims,
    values: { dims: [values.length], dataType: dataType.float, name: 'w', floatData: values },
    indices: {
      dims: rank === undefined ? [places.length] : [places.length / rank, rank],
      dataType: dataType.int64,
      int64Data: places,
    },
  };
}

const read = (of: SparseTensorProto) =>
  readSparseTensor(of, () => {
    throw new Error('nothing lies outside');
  });

describe('ONNX: sparse tensors', () => {
  it('have their elements at places in the whole, or along each axis', () => {
    const expected = [0, 0, 5, 0, 7, 0];
    assert.deepEqual(Array.from(read(sparse([2, 3], [5, 7], [2, 4])).data), expected);
    assert.deepEqual(Array.from(read(sparse([2, 3], [5, 7], [0, 2, 1, 1], 2)).data), expected);
  });

  it('can have no element at all', () => {
    assert.deepEqual(Array.from(read({ dims: [2], values: { dims: [0], dataType: dataType.float } }).data), [0, 0]);
    assert.equal(read(sparse([0, 3], [], [])).data.length, 0);
  });

  it('are refused with an element outside, or without a place for each value', () => {
    for (const wrong of [
      sparse([2, 3], [5], [6]),
      sparse([2, 3], [5], [-1]),
      sparse([2, 3], [5], [0, 3], 2),
      sparse([2, 3], [5, 7], [2]),
      sparse([2, 3], [5], [0, 1, 1], 3),
      { dims: [2] },
      sparse([2 ** 14, 2 ** 14], [5], [0]),
    ])
      assert.throws(() => read(wrong), TensorError);
  });
});
