/** MatMul and Gemm: Y = A B, dA = dY Bᵀ, dB = Aᵀ dY. */
import type { Operator, OperatorTable } from '../call';
import { broadcastView, type View } from '../strided';
import { broadcastShape, floats, sizeOf, Unsupported, type Tensor } from '../tensor';
import { expanded, reducedTo } from './binary';
import { addProduct, addProductTransposed, addTransposedProduct, transpose } from './products';

/** Batches of matrices: a vector is a row (or a column), as in NumPy. */
const matMul: Operator = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  if (a.shape.length === 0 || b.shape.length === 0) throw new Unsupported('multiplies a scalar as a matrix');
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [m = 0, k] = left.slice(-2);
  const [inner, n = 0] = right.slice(-2);
  if (k !== inner)
    throw new Unsupported(`multiplies matrices of the shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  const batch = broadcastShape(left.slice(0, -2), right.slice(0, -2));
  const shape = [...batch, ...(a.shape.length > 1 ? [m] : []), ...(b.shape.length > 1 ? [n] : [])];
  const y = floats(shape);
  // One matrix for all of a batch: its rows make one tall matrix.
  const isTall = sizeOf(right.slice(0, -2)) === 1 && sizeOf(left.slice(0, -2)) === sizeOf(batch);
  const count = isTall ? 1 : sizeOf(batch);
  const rows = isTall ? m * sizeOf(batch) : m;
  const startsOfA = starts(left.slice(0, -2), batch, count);
  const startsOfB = starts(right.slice(0, -2), batch, count);
  const parts = Array.from({ length: count }, (_, i) => ({
    toA: startsOfA[i] * m * k,
    toB: startsOfB[i] * k * n,
    toY: i * rows * n,
  }));
  for (const { toA, toB, toY } of parts)
    addProduct({ data: y.data, at: toY }, { data: a.data, at: toA }, { data: b.data, at: toB }, rows, k, n);
  /** Each product of each target: where its matrices begin, and where in gradients of several targets. */
  const partsOf = (targets: number) =>
    Array.from({ length: targets }, (_, target) =>
      parts.map((part) => ({
        ...part,
        inA: target * a.data.length + part.toA,
        inB: target * b.data.length + part.toB,
        inY: target * y.data.length + part.toY,
      })),
    ).flat();
  return {
    outputs: [{ ...y, kind: a.kind }],
    takesSeveral: true,
    vjp: ([g], wanted, targets = 1) => {
      const da = g && wanted[0] ? new Float64Array(targets * a.data.length) : undefined;
      const db = g && wanted[1] ? new Float64Array(targets * b.data.length) : undefined;
      if (!g) return [];
      if (da && isTall)
        // The rows of all targets make one matrix, too.
        addProductTransposed({ data: da, at: 0 }, { data: g, at: 0 }, { data: b.data, at: 0 }, targets * rows, n, k);
      for (const { toA, toB, inA, inB, inY } of db || !isTall ? partsOf(targets) : []) {
        const byY = { data: g, at: inY };
        if (da && !isTall) addProductTransposed({ data: da, at: inA }, byY, { data: b.data, at: toB }, rows, n, k);
        if (db) addTransposedProduct({ data: db, at: inB }, { data: a.data, at: toA }, byY, k, rows, n);
      }
      return [da, db];
    },
  };
};

/** Which matrix of an input each matrix of the result reads. */
function starts(own: readonly number[], batch: readonly number[], count: number): Int32Array {
  const { strides }: View = broadcastView(own, batch);
  return Int32Array.from({ length: count }, (_, i) => {
    let left = i;
    let start = 0;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      start += (left % batch[axis]) * strides[axis];
      left = Math.floor(left / batch[axis]);
    }
    return start;
  });
}

/** Y = α A′ B′ + β C, of matrices, A′ and B′ transposed or not. */
const gemm: Operator = (call) => {
  const { attributes } = call;
  const [a, b, c] = [call.input(0), call.input(1), call.optional(2)];
  const [alpha, beta] = [attributes.float('alpha', 1), attributes.float('beta', 1)];
  const [transA, transB] = [attributes.flag('transA'), attributes.flag('transB')];
  if (call.opset < 7) attributes.ignore('broadcast');
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new Unsupported('multiplies what are no matrices');
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [inner, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (k !== inner)
    throw new Unsupported(`multiplies matrices of the shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  const [left, right] = [transA ? transpose(a.data, k, m) : a.data, transB ? b.data : transpose(b.data, k, n)];
  const shape = [m, n];
  const product = new Float64Array(m * n);
  addProductTransposed({ data: product, at: 0 }, { data: left, at: 0 }, { data: right, at: 0 }, m, k, n);
  const plus = c && expanded(c, shape);
  const y: Tensor = { kind: a.kind, shape, data: product.map((each, i) => alpha * each + (plus ? beta * plus[i] : 0)) };
  return {
    outputs: [y],
    takesSeveral: true,
    vjp: ([g], wanted, count = 1) => {
      if (!g) return [];
      const byProduct = alpha === 1 ? g : g.map((each) => alpha * each);
      const da = wanted[0] ? new Float64Array(count * m * k) : undefined;
      // `right` is B′ᵀ [n, k]; the rows of all targets make one matrix.
      if (da) addProduct({ data: da, at: 0 }, { data: byProduct, at: 0 }, { data: right, at: 0 }, count * m, n, k);
      const ofTargets = (size: number, of: (target: number) => Float64Array) => {
        const parts = new Float64Array(count * size);
        for (let target = 0; target < count; target++) parts.set(of(target), target * size);
        return parts;
      };
      const byB = (target: number) => {
        const db = new Float64Array(n * k);
        addTransposedProduct(
          { data: db, at: 0 },
          { data: byProduct, at: target * m * n },
          { data: left, at: 0 },
          n,
          m,
          k,
        );
        return transB ? db : transpose(db, n, k);
      };
      const byC = (target: number) =>
        reducedTo(
          c?.shape ?? [],
          shape,
          g.subarray(target * m * n, (target + 1) * m * n).map((each) => beta * each),
        );
      return [
        da && transA
          ? ofTargets(m * k, (target) => transpose(da.subarray(target * m * k, (target + 1) * m * k), m, k))
          : da,
        wanted[1] ? ofTargets(n * k, byB) : undefined,
        c && wanted[2] ? ofTargets(c.data.length, byC) : undefined,
      ];
    },
  };
};

export const matmul = { MatMul: matMul, Gemm: gemm } satisfies OperatorTable;
