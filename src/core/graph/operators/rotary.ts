/** Rotary position embedding: each pair (a, b) of a head's numbers is turned by the angle of its place. */
import type { Operator, OperatorTable } from '../call';
import { Unsupported, type Tensor } from '../tensor';

/** Where a node's numbers lie. */
export interface RotaryForm {
  /** 0: as many as a head has. */
  readonly turned: number;
  /** Pairs are neighbors, instead of one from each half. */
  readonly interleaved: boolean;
  /** Of an input [batch, time, heads · size]. */
  readonly heads: number;
  /** Row of the cosines and sines, of each sample and step. */
  row(sample: number, step: number): number;
}

/** The pairs of one tensor: `first` and `second` by where they lie, and their angle's place among the cosines. */
interface Pairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly angle: Int32Array;
}

export function rotated(x: Tensor, cos: Tensor, sin: Tensor, form: RotaryForm): ReturnType<Operator> {
  const { first, second, angle } = pairsOf(x, cos, form);
  const turn = (from: Float64Array, sign: number): Float64Array => {
    const out = from.slice();
    for (let i = 0; i < first.length; i++) {
      const [a, b, c, s] = [from[first[i]], from[second[i]], cos.data[angle[i]], sign * sin.data[angle[i]]];
      out[first[i]] = c * a - s * b;
      out[second[i]] = s * a + c * b;
    }
    return out;
  };
  return {
    outputs: [{ ...x, data: turn(x.data, 1) }],
    vjp: ([g], wanted) => {
      if (!g) return [];
      const [dCos, dSin] = [cos, sin].map(({ data }) => new Float64Array(data.length));
      if ([...wanted].slice(1).includes(true))
        for (let i = 0; i < first.length; i++) {
          const [a, b, da, db] = [x.data[first[i]], x.data[second[i]], g[first[i]], g[second[i]]];
          dCos[angle[i]] += a * da + b * db;
          dSin[angle[i]] += a * db - b * da;
        }
      return [turn(g, -1), dCos, dSin];
    },
  };
}

function pairsOf({ shape }: Tensor, { shape: [rows, ...ofCos], data: cosines }: Tensor, form: RotaryForm): Pairs {
  const isSplit = shape.length === 4;
  if (!isSplit && (shape.length !== 3 || form.heads === 0))
    throw new Unsupported(`turns an input of the shape [${shape.join(', ')}], without a number of heads`);
  const batch = shape[0];
  const [heads, steps] = isSplit ? [shape[1], shape[2]] : [form.heads, shape[1]];
  const size = isSplit ? shape[3] : shape[2] / heads;
  const turned = form.turned === 0 ? size : form.turned;
  const half = turned / 2;
  if (!Number.isInteger(half) || turned > size || ofCos.at(-1) !== half)
    throw new Unsupported(`turns ${turned} of ${size} numbers of a head by ${ofCos.at(-1) ?? 0} angles`);
  const count = batch * heads * steps * half;
  const pairs: Pairs = {
    first: new Int32Array(count),
    second: new Int32Array(count),
    angle: new Int32Array(count),
  };
  let i = 0;
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < steps; t++) {
      const row = form.row(b, t);
      if (!(row >= 0 && (row + 1) * half <= cosines.length))
        throw new Unsupported(`reads the angles of place ${row}, of ${rows} places`);
      for (let h = 0; h < heads; h++) {
        const at = (isSplit ? (b * heads + h) * steps + t : (b * steps + t) * heads + h) * size;
        for (let p = 0; p < half; p++, i++) {
          pairs.first[i] = at + (form.interleaved ? 2 * p : p);
          pairs.second[i] = at + (form.interleaved ? 2 * p + 1 : p + half);
          pairs.angle[i] = row * half + p;
        }
      }
    }
  return pairs;
}

/** Cosines and sines of every place, with the places of the tokens; or those of every token. */
const rotaryEmbedding: Operator = (call) => {
  const { attributes } = call;
  const [x, cos, sin, places] = [call.input(0), call.input(1), call.input(2), call.optional(3)];
  const steps = x.shape.length === 4 ? x.shape[2] : x.shape[1];
  return rotated(x, cos, sin, {
    turned: attributes.integer('rotary_embedding_dim', 0),
    interleaved: attributes.flag('interleaved'),
    heads: attributes.integer('num_heads', 0),
    row: (sample, step) => (places ? places.data[sample * steps + step] : sample * steps + step),
  });
};

export const rotary = { RotaryEmbedding: rotaryEmbedding } satisfies OperatorTable;
