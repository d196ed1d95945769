/** Quantized constants, with the numbers of ONNX's own node tests; what is rounded as it runs is refused by name. */
import assert from 'node:assert/strict';
import { floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import { graph, modelOf, node, runModel, variable } from './support';

function dequantized(x: Tensor, scale: Tensor, zero: Tensor, attributes: Readonly<Record<string, number>> = {}) {
  const names = ['x', 'x_scale', 'x_zero_point'];
  const model = modelOf(graph([node('DequantizeLinear', names, ['y'], attributes)], names, ['y']));
  return variable(runModel(model, { x, x_scale: scale, x_zero_point: zero }), 'y').tensor;
}

describe('graph mode: quantized models', () => {
  it('DequantizeLinear of one scale (test_dequantizelinear)', () => {
    const { data } = dequantized(integers([4], [0, 3, 128, 255]), floats([], Float64Array.of(2)), integers([], [128]));
    assert.deepEqual([...data], [-256, -250, 0, 254]);
  });

  it('DequantizeLinear of a scale for each channel (test_dequantizelinear_axis)', () => {
    const x = integers([1, 3, 3, 2], [3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102]);
    const y = dequantized(x, floats([3], Float64Array.of(2, 4, 5)), integers([3], [84, 24, 196]));
    const channels = [
      [-162, 10, -100, 232, -20, -50],
      [-76, 0, 0, 252, 32, -44],
      [245, -485, -960, -270, -375, -470],
    ];
    assert.deepEqual([...y.data], channels.flat());
  });

  it('two products share whole numbers, each with scales of its own', () => {
    const attributes = { N: 1, K: 16, bits: 4, block_size: 16 };
    const product = (scales: string, to: string) =>
      node('MatMulNBits', ['A', 'codes', scales], [to], attributes, 'com.microsoft');
    const names = ['A', 'codes', 'half', 'two'];
    const run = runModel(modelOf(graph([product('half', 'x'), product('two', 'y')], names, ['x', 'y'])), {
      A: floats([1, 16], new Float64Array(16).fill(1)),
      // Sixteen nines, of which eight stands for zero.
      codes: integers([1, 1, 8], Array<number>(8).fill(0x99)),
      half: floats([1], Float64Array.of(0.5)),
      two: floats([1], Float64Array.of(2)),
    });
    assert.deepEqual(
      ['x', 'y'].map((name) => variable(run, name).tensor.data[0]),
      [8, 32],
    );
  });

  it('operators that round as the graph runs are named, with what to do', () => {
    for (const [operator, domain] of [
      ['MatMulInteger', ''],
      ['DynamicQuantizeLSTM', 'com.microsoft'],
      ['QLinearAdd', 'com.microsoft'],
    ]) {
      const run = runModel(modelOf(graph([node(operator, ['x'], ['y'], {}, domain)], ['x'], ['y'])), {
        x: floats([1]),
      });
      assert.match(run.failures[0].message, /the model is quantized and has no gradients/);
    }
  });
});
