/** Quantized constants as the numbers they stand for. What is rounded while the graph runs has no gradient, and is refused. */
import type { Call, Operator, OperatorTable } from '../call';
import { axisOf, floats, Unsupported, type Tensor } from '../tensor';

/** (x − zero point) · scale, both of all elements or of each place along an axis. */
const dequantizeLinear: Operator = (call) => {
  const [x, scale] = [call.input(0), call.input(1)];
  const zero = call.optional(2);
  call.attributes.ignore('output_dtype');
  const size = call.attributes.integer('block_size', 0);
  if (size > 0) {
    const axis = axisOf(call.attributes.integer('axis', 1), x.shape.length);
    return { outputs: [dequantizedInBlocks(x, scale, zero?.data, axis, size)] };
  }
  const placeOf = placesAlong(call, x, scale);
  const data = x.data.map((value, i) => (value - (zero?.data[placeOf(i)] ?? 0)) * scale.data[placeOf(i)]);
  return { outputs: [floats(x.shape, data)] };
};

/**
 * The same with a scale and a zero point for each block of `size` elements along an axis, of which the last may be shorter.
 * @param scale as many as there are blocks, in the order of the elements
 * @param zero likewise, or one number for all; left out, 0
 */
export function dequantizedInBlocks(
  { shape, data }: Tensor,
  { data: scale }: Tensor,
  zero: Float64Array | number | undefined,
  axis: number,
  size: number,
): Tensor {
  const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const along = shape[axis];
  const blocks = Math.ceil(along / size);
  const count = along === 0 ? 0 : (data.length / along) * blocks;
  for (const { length } of [scale, typeof zero === 'object' ? zero : scale])
    if (length !== count) throw new Unsupported(`has ${length} scales or zero points for ${count} blocks`);
  const values = data.map((value, i) => {
    const place = Math.floor(i / inner);
    const block = (Math.floor(place / along) * blocks + Math.floor((place % along) / size)) * inner + (i % inner);
    return (value - (typeof zero === 'object' ? zero[block] : (zero ?? 0))) * scale[block];
  });
  return floats(shape, values);
}

/** Which element of the scale an element of x has. */
function placesAlong(call: Call, x: Tensor, scale: Tensor): (i: number) => number {
  const axis = call.attributes.integer('axis', 1);
  if (scale.data.length === 1) return () => 0;
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (scale.data.length !== x.shape[at])
    throw new Unsupported(`has ${scale.data.length} scales for an axis of ${x.shape[at]}`);
  const inner = x.shape.slice(at + 1).reduce((product, size) => product * size, 1);
  return (i) => Math.floor(i / inner) % scale.data.length;
}

export const quantization: OperatorTable = { DequantizeLinear: dequantizeLinear };

/** Operators of quantizers that round numbers as the graph runs. */
const rounding: readonly string[] = [
  'QuantizeLinear',
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'ConvInteger',
  'DynamicQuantizeLSTM',
  'DynamicQuantizeMatMul',
  'MatMulIntegerToFloat',
];

/** Why an operator is not computed. */
export function whyUnknown(operator: string): string {
  return rounding.includes(operator) || /^Q(Linear|Attention|Gemm|Embed)/.test(operator)
    ? 'rounds numbers as the graph runs: the model is quantized and has no gradients. Open it as it was before that'
    : 'is an operator that is not known here';
}
