/** Quantized constants as the numbers they stand for. What is rounded while the graph runs has no gradient, and is refused. */
import type { Call, Operator, OperatorTable } from '../call';
import { floats, Unsupported, type Tensor } from '../tensor';

/** (x − zero point) · scale, both of all elements or of each place along an axis. */
const dequantizeLinear: Operator = (call) => {
  const [x, scale] = [call.input(0), call.input(1)];
  const zero = call.optional(2);
  call.attributes.ignore('output_dtype');
  if (call.attributes.integer('block_size', 0) !== 0)
    throw new Unsupported('has scales for blocks, which are not known here');
  const placeOf = placesAlong(call, x, scale);
  const data = x.data.map((value, i) => (value - (zero?.data[placeOf(i)] ?? 0)) * scale.data[placeOf(i)]);
  return { outputs: [floats(x.shape, data)] };
};

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
