/** Products and tables whose weights alone are whole numbers of few bits: they are read as the numbers that these stand for. */
import type { Attributes } from '../../attributes';
import type { Call, OperatorTable } from '../../call';
import { floats, axisOf, integers, Unsupported, type Tensor } from '../../tensor';
import { arithmeticOperators } from '../arithmetic';
import { indexing } from '../indexing';
import { matmul } from '../matmul';
import { dequantizedInBlocks } from '../quantization';
import { Composition } from '../composition';

interface Read {
  readonly from: readonly (Tensor | undefined)[];
  readonly result: Tensor;
}

/** What a node has read last, by its attributes, which are its own: two nodes may share numbers that have other scales. */
const known = new WeakMap<Attributes, Read>();

function once({ attributes }: Call, from: Read['from'], read: () => Tensor): Tensor {
  const last = known.get(attributes);
  if (last && from.every((each, i) => each === last.from[i])) return last.result;
  const result = read();
  known.set(attributes, { from, result });
  return result;
}

/** Numbers of few bits, the first ones in the lower bits of a byte. @param length of each row  @param rows of bytes, each of which begins with a number */
function unpacked({ data }: Tensor, bits: number, rows: number, length: number): Float64Array {
  const perByte = 8 / bits;
  const width = rows === 0 ? 0 : data.length / rows;
  if (Math.ceil(length / perByte) > width) throw new Unsupported(`has ${width} bytes for ${length} numbers`);
  return Float64Array.from({ length: rows * length }, (_, i) => {
    const at = i % length;
    return (
      (data[Math.floor(i / length) * width + Math.floor(at / perByte)] >> (bits * (at % perByte))) & (2 ** bits - 1)
    );
  });
}

function bitsOf({ attributes }: Call): number {
  const bits = attributes.integer('bits', 4);
  if (![2, 4, 8].includes(bits)) throw new Unsupported(`has numbers of ${bits} bits`);
  return bits;
}

/** A · Bᵀ + bias. B [N, K] has a scale and a zero point for each block of K. */
function matMulNBits(call: Call) {
  const { attributes } = call;
  const [N, K, size] = [attributes.integer('N', 0), attributes.integer('K', 0), attributes.integer('block_size', 0)];
  const bits = bitsOf(call);
  if (size < 1) throw new Unsupported(`has blocks of ${size} numbers`);
  if (attributes.integer('weight_prepacked', 0) !== 0)
    throw new Unsupported('has weights in the order of one processor');
  // How much the runtime may round while it computes.
  attributes.ignore('accuracy_level');
  const [packed, scales, zeros, bias] = [call.input(1), call.input(2), call.optional(3), call.optional(5)];
  const blocks = Math.ceil(K / size);
  const B = once(call, [packed, scales, zeros], () => {
    const whole = unpacked(packed, bits, N * blocks, size);
    // The last block is filled up.
    const rows = Float64Array.from({ length: N * K }, (_, i) => whole[Math.floor(i / K) * blocks * size + (i % K)]);
    const zero = zeros?.kind === 'integer' ? unpacked(zeros, bits, N, blocks) : (zeros?.data ?? 2 ** (bits - 1));
    const { data } = dequantizedInBlocks(integers([N, K], rows), scales, zero, 1, size);
    return floats(
      [K, N],
      Float64Array.from({ length: N * K }, (_, i) => data[(i % N) * K + Math.floor(i / N)]),
    );
  });
  const own = new Composition([call.input(0), undefined, undefined, undefined, undefined, bias]);
  const product = own.apply(matmul.MatMul, [own.optional(0), B]);
  return own.result([bias ? own.apply(arithmeticOperators.Add, [product, own.optional(5)]) : product]);
}

/** Rows of a table that has a scale and a zero point for each block along an axis. */
function gatherBlockQuantized(call: Call) {
  const { attributes } = call;
  const [packed, indices, scales, zeros] = [call.input(0), call.input(1), call.input(2), call.optional(3)];
  const bits = bitsOf(call);
  const size = attributes.integer('block_size', 128);
  const rank = packed.shape.length;
  const axis = axisOf(attributes.integer('quantize_axis', 1), rank);
  const from = axisOf(attributes.integer('gather_axis', 0), rank);
  const table = once(call, [packed, scales, zeros], () => {
    const isWhole = (length: number) => Math.ceil(length / size) === scales.shape[axis];
    if (isWhole(packed.shape[axis]))
      return dequantizedInBlocks(packed, scales, zeros?.data ?? (bits === 8 ? 128 : 0), axis, size);
    // Several numbers in each byte.
    const length = (packed.shape[axis] * 8) / bits;
    if (axis !== rank - 1 || !isWhole(length)) throw new Unsupported('has scales that do not fit its table');
    const rows = packed.data.length / packed.shape[axis];
    const values = integers([...packed.shape.slice(0, -1), length], unpacked(packed, bits, rows, length));
    const zero = zeros ? unpacked(zeros, bits, rows, scales.shape[axis]) : 2 ** (bits - 1);
    return dequantizedInBlocks(values, scales, zero, axis, size);
  });
  const own = new Composition([]);
  return { outputs: [own.apply(indexing.Gather, [table, indices], { axis: from }).tensor] };
}

export const weightOnly: OperatorTable = { MatMulNBits: matMulNBits, GatherBlockQuantized: gatherBlockQuantized };
