/** Scaled dot-product attention of many heads: Y = softmax(cap(scale · Q Kᵀ) + bias) V, and its derivative. */
import { addProduct, addProductTransposed, addTransposedProduct } from './products';

/** Queries, keys and values by head, row-major: Q [B, M, T, S], K [B, N, L, S], V [B, N, L, W]; each of the N heads serves M / N heads of queries. */
export interface Heads {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly batch: number;
  readonly queryHeads: number;
  readonly keyHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly valueSize: number;
}

/** Scores on their way through the softmax, each [B, M, T, L]. */
export interface Scores {
  /** scale · Q Kᵀ. */
  readonly raw: Float64Array;
  /** cap · tanh(raw / cap), or the same as raw. */
  readonly capped: Float64Array;
  /** −∞ where a key may not be read. */
  readonly biased: Float64Array;
  /** Rows sum to 1, or are zero where no key may be read. */
  readonly weights: Float64Array;
}

export interface Attended {
  /** [B, M, T, W]. */
  readonly y: Float64Array;
  readonly scores: Scores;
  /** @param g by y and, where something reads them, by the scores */
  back(g: Float64Array | undefined, byScores: Partial<Scores>): HeadGradients;
}

export interface HeadGradients {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  /** [B, M, T, L]. */
  readonly bias: Float64Array;
}

/**
 * @param bias [B, M, T, L], added to the scores
 * @param cap 0: none
 */
export function attended(heads: Heads, scale: number, cap: number, bias: Float64Array | undefined): Attended {
  const { q, k, v, queries: T, keys: L, size: S, valueSize: W } = heads;
  const pairs = pairsOf(heads);
  const raw = new Float64Array(pairs.length * T * L);
  const y = new Float64Array(pairs.length * T * W);
  for (const { toQ, toK, toScores } of pairs)
    addProductTransposed({ data: raw, at: toScores }, { data: q, at: toQ }, { data: k, at: toK }, T, S, L);
  for (let i = 0; i < raw.length; i++) raw[i] *= scale;
  const capped = cap > 0 ? raw.map((score) => cap * Math.tanh(score / cap)) : raw;
  const biased = bias ? capped.map((score, i) => score + bias[i]) : capped;
  const weights = softmaxRows(biased, L);
  for (const { toV, toY, toScores } of pairs)
    addProduct({ data: y, at: toY }, { data: weights, at: toScores }, { data: v, at: toV }, T, L, W);
  const scores = { raw, capped, biased, weights };
  return {
    y,
    scores,
    back: (g, byScores) => {
      const [dq, dk, dv] = [q, k, v].map(({ length }) => new Float64Array(length));
      const dWeights = byScores.weights?.slice() ?? new Float64Array(weights.length);
      if (g)
        for (const { toV, toY, toScores } of pairs) {
          addProductTransposed({ data: dWeights, at: toScores }, { data: g, at: toY }, { data: v, at: toV }, T, W, L);
          addTransposedProduct({ data: dv, at: toV }, { data: weights, at: toScores }, { data: g, at: toY }, L, T, W);
        }
      const dBiased = softmaxBack(dWeights, weights, L);
      addTo(dBiased, byScores.biased);
      const dRaw = dBiased.slice();
      addTo(dRaw, byScores.capped);
      if (cap > 0) for (let i = 0; i < dRaw.length; i++) dRaw[i] *= 1 - (capped[i] / cap) ** 2;
      addTo(dRaw, byScores.raw);
      for (let i = 0; i < dRaw.length; i++) dRaw[i] *= scale;
      for (const { toQ, toK, toScores } of pairs) {
        addProduct({ data: dq, at: toQ }, { data: dRaw, at: toScores }, { data: k, at: toK }, T, L, S);
        addTransposedProduct({ data: dk, at: toK }, { data: dRaw, at: toScores }, { data: q, at: toQ }, L, T, S);
      }
      return { q: dq, k: dk, v: dv, bias: dBiased };
    },
  };
}

/** Where the matrices of each head of queries begin. */
function pairsOf({ batch, queryHeads, keyHeads, queries: T, keys: L, size: S, valueSize: W }: Heads): {
  toQ: number;
  toK: number;
  toV: number;
  toY: number;
  toScores: number;
}[] {
  return Array.from({ length: batch * queryHeads }, (_, pair) => {
    const [sample, head] = [Math.floor(pair / queryHeads), pair % queryHeads];
    const own = sample * keyHeads + Math.floor((head * keyHeads) / queryHeads);
    return { toQ: pair * T * S, toK: own * L * S, toV: own * L * W, toY: pair * T * W, toScores: pair * T * L };
  });
}

function softmaxRows(scores: Float64Array, length: number): Float64Array {
  const out = new Float64Array(scores.length);
  for (let at = 0; at < scores.length; at += length) {
    let largest = -Infinity;
    for (let i = at; i < at + length; i++) largest = Math.max(largest, scores[i]);
    if (largest === -Infinity) continue;
    let sum = 0;
    for (let i = at; i < at + length; i++) sum += out[i] = Math.exp(scores[i] - largest);
    for (let i = at; i < at + length; i++) out[i] /= sum;
  }
  return out;
}

/** ds = w ⊙ (g − g·w) of each row. */
function softmaxBack(g: Float64Array, weights: Float64Array, length: number): Float64Array {
  const out = new Float64Array(g.length);
  for (let at = 0; at < g.length; at += length) {
    let along = 0;
    for (let i = at; i < at + length; i++) along += g[i] * weights[i];
    for (let i = at; i < at + length; i++) out[i] = weights[i] * (g[i] - along);
  }
  return out;
}

function addTo(sum: Float64Array, more: Float64Array | undefined): void {
  if (more) for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}

/** [outer, a, b, inner] → [outer, b, a, inner]: heads from beside each other to one after the other, and back. */
export function swapped(data: Float64Array, outer: number, a: number, b: number, inner: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < a; i++)
      for (let j = 0; j < b; j++) {
        const from = ((o * a + i) * b + j) * inner;
        out.set(data.subarray(from, from + inner), ((o * b + j) * a + i) * inner);
      }
  return out;
}
