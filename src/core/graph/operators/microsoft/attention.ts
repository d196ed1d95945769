/** The attention operators of ONNX Runtime, by ONNX's own: projections, biases, masks and earlier keys in their forms. */
import type { Call, Operator, OperatorTable, Result } from '../../call';
import type { Variable } from '../../variable';
import { floats, integers, Unsupported, type Tensor } from '../../tensor';
import { attentionOperators } from '../attention';
import { arithmeticOperators } from '../arithmetic';
import { Composition, type PlainAttributes } from '../composition';
import { matmul } from '../matmul';
import { movement } from '../movement';
import { rotated } from '../rotary';
import { compositionOf } from './fused';

type Maybe = Variable | undefined;

/** Queries, keys and values, each [batch, time, heads · size] or [batch, heads, time, size], and what goes with them. */
interface Parts {
  readonly q: Variable;
  readonly k: Variable;
  readonly v: Variable;
  readonly pastKey: Maybe;
  readonly pastValue: Maybe;
  readonly mask: Variable | Tensor | undefined;
  readonly heads: number;
  readonly keyHeads: number;
  readonly attributes: PlainAttributes;
}

/** Y, present keys, present values, scores. */
function attention(own: Composition, parts: Parts): Variable[] {
  const { heads, keyHeads, q, k, v } = parts;
  const areSplit = k.tensor.shape.length === 4;
  const queries = areSplit && q.tensor.shape.length === 3 ? splitHeads(own, q, heads) : q;
  const [y, ...others] = own.applied(
    attentionOperators.Attention,
    [queries, k, v, parts.mask, parts.pastKey, parts.pastValue],
    areSplit ? parts.attributes : { ...parts.attributes, q_num_heads: heads, kv_num_heads: keyHeads },
    4,
  );
  return [areSplit ? joinedHeads(own, y) : y, ...others];
}

function splitHeads(own: Composition, x: Variable, heads: number): Variable {
  const split = own.apply(movement.Reshape, [x, integers([4], [0, 0, heads, -1])]);
  return own.apply(movement.Transpose, [split], { perm: [0, 2, 1, 3] });
}

function joinedHeads(own: Composition, x: Variable): Variable {
  const beside = own.apply(movement.Transpose, [x], { perm: [0, 2, 1, 3] });
  return own.apply(movement.Reshape, [beside, integers([3], [0, 0, -1])]);
}

/** What is added to the scores, [B, 1, T or 1, L]: a number for keys that may not be read; zero elsewhere. */
function paddingMask(mask: Tensor | undefined, keys: number, filter: number): Tensor | undefined {
  if (!mask) return undefined;
  const { shape, data } = mask;
  const added = (isRead: number) => (isRead === 0 ? filter : 0);
  if (shape.length === 2 || shape.length === 3) {
    const [batch, ...rest] = shape;
    return floats([batch, 1, rest.length === 1 ? 1 : rest[0], rest[rest.length - 1]], data.map(added));
  }
  if (shape.length !== 1) throw new Unsupported(`has a mask of the shape [${shape.join(', ')}]`);
  // As many keys as each sample has.
  return floats(
    [shape[0], 1, 1, keys],
    Float64Array.from({ length: shape[0] * keys }, (_, i) => added(Number(i % keys < data[Math.floor(i / keys)]))),
  );
}

/** The mask and a bias of numbers, if any. */
function maskAndBias(own: Composition, mask: Tensor | undefined, bias: Maybe): Variable | Tensor | undefined {
  return mask && bias ? own.apply(arithmeticOperators.Add, [mask, bias]) : (bias ?? mask);
}

function scaleOf({ attributes }: Call): PlainAttributes {
  const scale = attributes.float('scale', 0);
  return scale === 0 ? {} : { scale };
}

/** Refuses what changes the numbers and is not computed. */
function refuse({ attributes }: Call, ...names: readonly string[]): void {
  for (const name of names)
    if (attributes.flag(name)) throw new Unsupported(`has the attribute “${name}”, which is not computed here`);
}

/** Q, K and V from one input by one matrix. */
const selfAttention: Operator = (call) => {
  const { attributes } = call;
  refuse(call, 'do_rotary', 'past_present_share_buffer');
  attributes.ignore('rotary_embedding_dim');
  const own = compositionOf(call, 6);
  const [x, weights] = [call.input(0), call.input(1)];
  const third = weights.shape[1] / 3;
  const sizes = attributes.integers('qkv_hidden_sizes') ?? [third, third, third];
  const product = own.apply(matmul.MatMul, [own.optional(0), own.optional(1)]);
  const [q, k, v] = parted(
    own,
    own.optional(2) ? own.apply(arithmeticOperators.Add, [product, own.optional(2)]) : product,
    2,
    sizes,
  );
  const past =
    own.optional(4) &&
    parted(own, own.optional(4), 0, [1, 1]).map((part) => own.apply(movement.Squeeze, [part, integers([1], [0])]));
  const heads = attributes.integer('num_heads', 1);
  const keys = x.shape[1] + (past?.[0].tensor.shape[2] ?? 0);
  const mask = paddingMask(call.optional(3), keys, attributes.float('mask_filter_value', -10000));
  const [y, presentKey, presentValue] = attention(own, {
    q,
    k,
    v,
    heads,
    keyHeads: heads,
    pastKey: past?.[0],
    pastValue: past?.[1],
    mask: maskAndBias(own, mask, own.optional(5)),
    attributes: { ...scaleOf(call), is_causal: attributes.integer('unidirectional', 0) },
  });
  if (!call.wants(1)) return own.result([y]);
  const present = [presentKey, presentValue].map((part) => own.apply(movement.Unsqueeze, [part, integers([1], [0])]));
  return own.result([y, own.apply(movement.Concat, present, { axis: 0 })]);
};

function parted(own: Composition, x: Maybe, axis: number, sizes: readonly number[]): Variable[] {
  return own.applied(movement.Split, [x, integers([sizes.length], sizes)], { axis }, sizes.length);
}

/** Q, K and V apart, or packed: [batch, time, heads, 3 (or 2 for K and V), size]. */
const multiHeadAttention: Operator = (call) => {
  const { attributes } = call;
  const own = compositionOf(call, 8);
  const heads = attributes.integer('num_heads', 1);
  const [q, k, v] = withBiases(
    own,
    unpacked(own, [own.optional(0), own.optional(1), own.optional(2)]),
    own.optional(3),
  );
  const [pastKey, pastValue] = [own.optional(6), own.optional(7)];
  const now = k.tensor.shape.length === 4 ? k.tensor.shape[2] : k.tensor.shape[1];
  const keys = now + (pastKey?.tensor.shape[2] ?? 0);
  const mask = paddingMask(call.optional(4), keys, attributes.float('mask_filter_value', -10000));
  return own.result(
    attention(own, {
      q,
      k,
      v,
      heads,
      pastKey,
      pastValue,
      keyHeads: heads,
      mask: maskAndBias(own, mask, own.optional(5)),
      attributes: { ...scaleOf(call), is_causal: attributes.integer('unidirectional', 0) },
    }),
  );
};

function unpacked(own: Composition, [query, key, value]: readonly Maybe[]): [Variable, Variable, Variable] {
  const packed = key ?? query;
  const count = packed?.tensor.shape.length === 5 ? packed.tensor.shape[3] : 0;
  const parts =
    count === 0
      ? []
      : parted(own, packed, 3, new Array<number>(count).fill(1)).map((part) =>
          own.apply(movement.Reshape, [part, integers([3], [0, 0, -1])]),
        );
  const found: readonly Maybe[] = count === 3 ? parts : count === 2 ? [query, ...parts] : [query, key, value];
  const [q, k, v] = found;
  if (!q || !k || !v) throw new Unsupported('has no keys or no values');
  return [q, k, v];
}

function withBiases(own: Composition, all: [Variable, Variable, Variable], bias: Maybe): Variable[] {
  if (!bias) return all;
  const width = (x: Variable) =>
    x.tensor.shape.length === 4 ? x.tensor.shape[1] * x.tensor.shape[3] : x.tensor.shape[2];
  const parts = parted(own, bias, 0, all.map(width));
  return all.map((x, i) =>
    own.apply(arithmeticOperators.Add, [
      x,
      x.tensor.shape.length === 4
        ? own.apply(movement.Reshape, [parts[i], integers([3], [x.tensor.shape[1], 1, -1])])
        : parts[i],
    ]),
  );
}

/** Causal, a head of keys for several of queries, turned by their places if asked. */
const groupQueryAttention: Operator = (call) => {
  const { attributes } = call;
  refuse(call, 'smooth_softmax', 'qk_output', 'kv_cache_bit_width');
  const own = new Composition([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => call.optional(i)));
  const [heads, keyHeads] = [attributes.integer('num_heads', 1), attributes.integer('kv_num_heads', 1)];
  const size = (call.input(0).shape[2] ?? 0) / (call.optional(1) ? heads : heads + 2 * keyHeads);
  const [q, k, v] = own.optional(1)
    ? [own.optional(0), own.optional(1), own.optional(2)]
    : parted(own, own.optional(0), 2, [heads * size, keyHeads * size, keyHeads * size]);
  if (!q || !k || !v) throw new Unsupported('has no values');
  const earlier = call.optional(3)?.shape[2] ?? 0;
  checkLengths(call, earlier + k.tensor.shape[1]);
  const turned = (x: Variable, count: number) =>
    attributes.flag('do_rotary') ? own.apply(turn(call, count, earlier), [x, own.optional(7), own.optional(8)]) : x;
  attributes.ignore('rotary_interleaved', 'k_quant_type', 'v_quant_type');
  const window = attributes.integer('local_window_size', -1);
  return own.result(
    attention(own, {
      q: turned(q, heads),
      k: turned(k, keyHeads),
      v,
      heads,
      keyHeads,
      pastKey: own.optional(3),
      pastValue: own.optional(4),
      mask: own.optional(10),
      attributes: {
        ...scaleOf(call),
        is_causal: 1,
        softcap: attributes.float('softcap', 0),
        // The token itself counts here, and does not in ONNX's operator.
        left_window_size: window > 0 ? window - 1 : -1,
      },
    }).slice(0, 3),
  );
};

/** Samples of different lengths in one batch, and buffers longer than what they hold, are not computed. */
function checkLengths(call: Call, total: number): void {
  const [lasts, whole] = [call.optional(5), call.optional(6)];
  if (lasts?.data.some((last) => last + 1 !== total) || (whole && whole.data[0] !== total))
    throw new Unsupported(
      `has keys of ${total} steps and says that there are ${[...(lasts?.data ?? [])].map((last) => last + 1).join(', ')}`,
    );
}

function turn(call: Call, heads: number, earlier: number): Operator {
  const { attributes } = call;
  const places = call.optional(9);
  const interleaved = attributes.flag('rotary_interleaved');
  return (inner) => {
    const [x, cos, sin] = [inner.input(0), inner.input(1), inner.input(2)];
    const steps = x.shape[1];
    return rotated(x, cos, sin, {
      turned: 2 * (cos.shape.at(-1) ?? 0),
      interleaved,
      heads,
      row: (sample, step) => (places ? places.data[sample * steps + step] : earlier + step),
    });
  };
}

/** Places are those of the tokens, or one, of the first. */
const rotaryEmbedding: Operator = (call): Result => {
  const { attributes } = call;
  refuse(call, 'is_packed_batching');
  // The cosines and sines of the file have it already.
  attributes.ignore('scale');
  const [x, places, cos, sin] = [call.input(0), call.input(1), call.input(2), call.input(3)];
  const steps = x.shape.length === 4 ? x.shape[2] : x.shape[1];
  const size = 2 * (cos.shape.at(-1) ?? 0);
  const turned = attributes.integer('rotary_embedding_dim', 0);
  const heads = attributes.integer('num_heads', 0);
  const result = rotated(x, cos, sin, {
    turned,
    interleaved: attributes.flag('interleaved'),
    heads: heads === 0 ? (x.shape.at(-1) ?? 0) / size : heads,
    row: (sample, step) => (places.data.length === 1 ? places.data[0] + step : places.data[sample * steps + step]),
  });
  const { vjp } = result;
  return {
    outputs: result.outputs,
    vjp: (gradients, [byX, , byCos, bySin]) => {
      const [dx, dCos, dSin] = vjp?.(gradients, [byX, byCos, bySin]) ?? [];
      return [dx, undefined, dCos, dSin];
    },
  };
};

export const attentionOfRuntime: OperatorTable = {
  Attention: selfAttention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  RotaryEmbedding: rotaryEmbedding,
};
