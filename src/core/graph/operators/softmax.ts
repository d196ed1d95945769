/** Softmax and its relatives. Before opset 13 they flatten: everything from the axis on is one row. */
import type { Call, Operator, OperatorTable } from '../call';
import { axisOf } from '../tensor';
import { mapRows, rowsAlong, type Rows } from './rows';

/** The rows that a node works on. */
function rowsOf(call: Call): Rows {
  const x = call.input(0);
  const rank = x.shape.length;
  const given = call.attributes.integer('axis', call.opset < 13 ? 1 : -1);
  if (call.opset >= 13) return rowsAlong(x, rank === 0 ? [] : [axisOf(given, rank)]);
  // Also behind the last axis: then every element is a row.
  const axis = given === rank ? rank : axisOf(given, rank);
  return rowsAlong(
    x,
    x.shape.map((_, each) => each).filter((each) => each >= axis),
  );
}

function largestOf(x: Float64Array, at: number, length: number): number {
  let largest = -Infinity;
  for (let i = at; i < at + length; i++) if (x[i] > largest || Number.isNaN(x[i])) largest = x[i];
  return largest;
}

/** @param back writes dx of one row, from g and y */
function rowwise(
  value: (x: Float64Array, at: number, length: number, y: Float64Array) => void,
  back: ((g: Float64Array, y: Float64Array, at: number, length: number, dx: Float64Array) => void) | null,
): Operator {
  return (call) => {
    const { kind, shape } = call.input(0);
    const axes = rowsOf(call);
    const y = mapRows(axes, value);
    const outputs = [{ kind, shape, data: axes.back(y) }];
    if (!back) return { outputs };
    return {
      outputs,
      takesSeveral: true,
      vjp: ([g], _wanted, count = 1) => {
        if (!g) return [];
        const dx = new Float64Array(g.length);
        for (let target = 0; target < count; target++) {
          const part = (of: Float64Array) => of.subarray(target * y.length, (target + 1) * y.length);
          const incoming = rowsOfGradient(call, shape, part(g));
          const own = part(dx);
          for (let row = 0; row < axes.count; row++) back(incoming, y, row * axes.length, axes.length, own);
          const inPlace = axes.back(own);
          if (inPlace !== own) own.set(inPlace);
        }
        return [dx];
      },
    };
  };
}

/** The gradient laid out like the input's rows. */
function rowsOfGradient(call: Call, shape: readonly number[], data: Float64Array): Float64Array {
  const rank = shape.length;
  const given = call.attributes.integer('axis', call.opset < 13 ? 1 : -1);
  if (call.opset < 13 || rank === 0) return data;
  return rowsAlong({ shape, data }, [axisOf(given, rank)]).data;
}

export const softmax = {
  // yᵢ = e^xᵢ / Σ e^xⱼ;  dx = y ⊙ (g − g·y)
  Softmax: rowwise(
    (x, at, length, y) => {
      const largest = largestOf(x, at, length);
      let sum = 0;
      for (let i = at; i < at + length; i++) sum += y[i] = Math.exp(x[i] - largest);
      for (let i = at; i < at + length; i++) y[i] /= sum;
    },
    (g, y, at, length, dx) => {
      let dot = 0;
      for (let i = at; i < at + length; i++) dot += g[i] * y[i];
      for (let i = at; i < at + length; i++) dx[i] = y[i] * (g[i] - dot);
    },
  ),
  // yᵢ = xᵢ − ln Σ e^xⱼ;  dx = g − e^y Σ g
  LogSoftmax: rowwise(
    (x, at, length, y) => {
      const largest = largestOf(x, at, length);
      let sum = 0;
      for (let i = at; i < at + length; i++) sum += Math.exp(x[i] - largest);
      const logSum = Math.log(sum);
      for (let i = at; i < at + length; i++) y[i] = x[i] - largest - logSum;
    },
    (g, y, at, length, dx) => {
      let sum = 0;
      for (let i = at; i < at + length; i++) sum += g[i];
      for (let i = at; i < at + length; i++) dx[i] = g[i] - Math.exp(y[i]) * sum;
    },
  ),
  // 1 at the first largest element.
  Hardmax: rowwise((x, at, length, y) => {
    const largest = largestOf(x, at, length);
    for (let i = at; i < at + length; i++) {
      if (x[i] !== largest) continue;
      y[i] = 1;
      return;
    }
  }, null),
} satisfies OperatorTable;
