/** ONNX's Attention: of heads that lie in an axis of their own, or side by side in the last one. */
import type { Call, Operator, OperatorTable } from '../call';
import { floats, sizeOf, Unsupported, type Tensor } from '../tensor';
import { expanded, reducedTo } from './binary';
import { attended, swapped, type Heads, type Scores } from './heads';

/** One of Q, K, V as [batch, heads, length, size]. */
interface ByHead {
  readonly data: Float64Array;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
  /** The tensor's own order. */
  back(g: Float64Array): Float64Array;
}

function byHead({ shape, data }: Tensor, count: number): ByHead {
  if (shape.length === 4) {
    const [batch, heads, length, size] = shape;
    return { data, batch, heads, length, size, back: (g) => g };
  }
  if (shape.length !== 3) throw new Unsupported(`has an input of the shape [${shape.join(', ')}], which has no heads`);
  const [batch, length, width] = shape;
  const size = width / count;
  if (!Number.isInteger(size)) throw new Unsupported(`has ${count} heads for a width of ${width}`);
  return {
    data: swapped(data, batch, length, count, size),
    batch,
    heads: count,
    length,
    size,
    back: (g) => swapped(g, batch, count, length, size),
  };
}

/** Keys or values behind those of earlier calls. */
interface Present {
  /** [batch, heads, earlier + length, size]. */
  readonly tensor: Tensor;
  readonly earlier: number;
  /** Of a gradient by it: the parts of what came earlier, and of what came now. */
  parts(g: Float64Array): readonly [Float64Array, Float64Array];
}

function presentOf(now: ByHead, past: Tensor | undefined): Present {
  const { batch, heads, length, size, data } = now;
  const earlier = past ? past.shape[2] : 0;
  if (past && (past.shape.length !== 4 || sizeOf(past.shape) !== batch * heads * earlier * size))
    throw new Unsupported(`reads earlier keys or values of the shape [${past.shape.join(', ')}]`);
  const total = earlier + length;
  const tensor = floats([batch, heads, total, size]);
  const each = (use: (whole: number, before: number, after: number) => void) => {
    for (let b = 0; b < batch * heads; b++) use(b * total * size, b * earlier * size, b * length * size);
  };
  each((whole, before, after) => {
    if (past) tensor.data.set(past.data.subarray(before, before + earlier * size), whole);
    tensor.data.set(data.subarray(after, after + length * size), whole + earlier * size);
  });
  return {
    tensor,
    earlier,
    parts: (g) => {
      const [first, second] = [new Float64Array(batch * heads * earlier * size), new Float64Array(data.length)];
      each((whole, before, after) => {
        first.set(g.subarray(whole, whole + earlier * size), before);
        second.set(g.subarray(whole + earlier * size, whole + total * size), after);
      });
      return [first, second];
    },
  };
}

/** Which keys a query may read, by their places. */
interface Reach {
  readonly isCausal: boolean;
  /** Neighbors on each side, −1: all. */
  readonly left: number;
  readonly right: number;
  /** Place of the first query among the keys, of each sample. */
  readonly offsets: readonly number[];
  /** Keys that are no padding, of each sample. */
  readonly lengths: readonly number[];
}

function isReachable(
  { isCausal, left, right, offsets, lengths }: Reach,
  sample: number,
  i: number,
  j: number,
): boolean {
  const place = i + offsets[sample];
  return (
    j < lengths[sample] &&
    !(isCausal && j > place) &&
    !(left >= 0 && j < place - left) &&
    !(right >= 0 && j > place + right)
  );
}

/** What is added to the scores: the mask's numbers, and −∞ where nothing may be read. @param shape [B, M, T, L] */
function biasOf(mask: Tensor | undefined, reach: Reach, shape: readonly number[]): Float64Array {
  const [, M, T, L] = shape;
  const given = mask && expanded(padded(mask, L), shape);
  const added = mask?.kind === 'boolean' ? given?.map((isRead) => (isRead === 0 ? -Infinity : 0)) : given;
  return Float64Array.from({ length: sizeOf(shape) }, (_, at) => {
    const [i, j] = [Math.floor(at / L) % T, at % L];
    return isReachable(reach, Math.floor(at / (M * T * L)), i, j) ? (added?.[at] ?? 0) : -Infinity;
  });
}

/** A mask can end before the keys do; the rest is not read. */
function padded(mask: Tensor, length: number): Tensor {
  const own = mask.shape.at(-1) ?? 1;
  if (own === length || mask.shape.length === 0) return mask;
  if (own > length) throw new Unsupported(`has a mask of the shape [${mask.shape.join(', ')}] for ${length} keys`);
  const shape = [...mask.shape.slice(0, -1), length];
  const nothing = mask.kind === 'boolean' ? 0 : -Infinity;
  const data = new Float64Array(sizeOf(shape)).fill(nothing);
  for (let row = 0; row * own < mask.data.length; row++)
    data.set(mask.data.subarray(row * own, (row + 1) * own), row * length);
  return { ...mask, shape, data };
}

const modes = ['raw', 'capped', 'biased', 'weights'] as const satisfies readonly (keyof Scores)[];

const attention: Operator = (call) => {
  const { attributes } = call;
  attributes.ignore('softmax_precision');
  const [queries, keys, values] = [call.input(0), call.input(1), call.input(2)];
  const [mask, pastKey, pastValue, lengths] = [3, 4, 5, 6].map((input) => call.optional(input));
  const q = byHead(queries, attributes.integer('q_num_heads', 1));
  const keyHeads = attributes.integer('kv_num_heads', 1);
  const [k, v] = [byHead(keys, keyHeads), byHead(values, keyHeads)];
  const [present, presentValue] = [presentOf(k, pastKey), presentOf(v, pastValue)];
  const total = present.earlier + k.length;
  checkSizes(q, k, v, presentValue.earlier + v.length === total);
  const heads: Heads = {
    q: q.data,
    k: present.tensor.data,
    v: presentValue.tensor.data,
    batch: q.batch,
    queryHeads: q.heads,
    keyHeads: k.heads,
    queries: q.length,
    keys: total,
    size: q.size,
    valueSize: v.size,
  };
  const shape = [q.batch, q.heads, q.length, total];
  const reach = reachOf(call, q, total, present.earlier, lengths);
  const found = attended(
    heads,
    attributes.has('scale') ? attributes.float('scale', 1) : 1 / Math.sqrt(q.size),
    attributes.float('softcap', 0),
    biasOf(mask, reach, shape),
  );
  const mode = modes[attributes.integer('qk_matmul_output_mode', 0)];
  const y: Tensor =
    queries.shape.length === 4
      ? floats([q.batch, q.heads, q.length, v.size], found.y)
      : floats([q.batch, q.length, q.heads * v.size], swapped(found.y, q.batch, q.heads, q.length, v.size));
  return {
    outputs: [y, present.tensor, presentValue.tensor, floats(shape, found.scores[mode])],
    vjp: ([g, gKey, gValue, gScores], wanted) => {
      const byHeads = g && queries.shape.length === 3 ? swapped(g, q.batch, q.length, q.heads, v.size) : g;
      const d = found.back(byHeads, gScores ? { [mode]: gScores } : {});
      const [dPastKey, dKey] = present.parts(sum(d.k, gKey));
      const [dPastValue, dValue] = presentValue.parts(sum(d.v, gValue));
      return [
        q.back(d.q),
        k.back(dKey),
        v.back(dValue),
        mask?.kind === 'float' && wanted[3] ? byMask(mask, d.bias, shape) : undefined,
        pastKey && dPastKey,
        pastValue && dPastValue,
      ];
    },
  };
};

function reachOf({ attributes }: Call, q: ByHead, total: number, earlier: number, lengths: Tensor | undefined): Reach {
  const each = <T>(of: (sample: number) => T) => Array.from({ length: q.batch }, (_, sample) => of(sample));
  return {
    isCausal: attributes.flag('is_causal'),
    left: attributes.integer('left_window_size', -1),
    right: attributes.integer('right_window_size', -1),
    offsets: each((sample) => (lengths ? lengths.data[sample] - q.length : earlier)),
    lengths: each((sample) => (lengths ? lengths.data[sample] : total)),
  };
}

function checkSizes(q: ByHead, k: ByHead, v: ByHead, asLong: boolean): void {
  const isRight =
    k.batch === q.batch && v.batch === q.batch && k.size === q.size && v.heads === k.heads && asLong && k.heads > 0;
  if (!isRight || q.heads % k.heads !== 0)
    throw new Unsupported(
      `has ${q.heads} heads of queries of ${q.size}, ${k.heads} of keys of ${k.size} and ${v.heads} of values, which do not fit`,
    );
}

/** The gradient by a mask of numbers, which may be shorter than the keys are many. */
function byMask(mask: Tensor, g: Float64Array, shape: readonly number[]): Float64Array {
  const { shape: wide } = padded(mask, shape[3]);
  const whole = reducedTo(wide, shape, g);
  const [own, length] = [mask.shape.at(-1) ?? 1, wide.at(-1) ?? 1];
  return own === length
    ? whole
    : Float64Array.from(mask.data, (_, i) => whole[Math.floor(i / own) * length + (i % own)]);
}

function sum(a: Float64Array, b: Float64Array | undefined): Float64Array {
  return b ? a.map((each, i) => each + b[i]) : a;
}

export const attentionOperators = { Attention: attention } satisfies OperatorTable;
