/** Normalizations: x̂ = (x − mean) r of each row, r = 1/√(variance + ε), then scale and shift. */
import type { Call, Operator, OperatorTable, Result } from '../call';
import { axisOf, floats, sizeOf, Unsupported, type Tensor } from '../tensor';
import { expanded, reducedTo } from './binary';
import { rowsAlong } from './rows';

interface Normalized {
  /** [count, length]. */
  readonly data: Float64Array;
  readonly means: Float64Array;
  /** r. */
  readonly inverses: Float64Array;
}

/** @param centered false divides by the root of the mean square, and subtracts nothing */
function normalized(x: Float64Array, length: number, epsilon: number, centered: boolean): Normalized {
  const count = length === 0 ? 0 : x.length / length;
  const data = new Float64Array(x.length);
  const means = new Float64Array(count);
  const inverses = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const at = row * length;
    let mean = 0;
    if (centered) for (let i = at; i < at + length; i++) mean += x[i] / length;
    let variance = 0;
    for (let i = at; i < at + length; i++) variance += (x[i] - mean) ** 2 / length;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    for (let i = at; i < at + length; i++) data[i] = (x[i] - mean) * inverse;
    means[row] = mean;
    inverses[row] = inverse;
  }
  return { data, means, inverses };
}

/** dx = r (g − mean(g) − x̂ mean(g ⊙ x̂)), without the first mean where none was subtracted. */
function backThrough(g: Float64Array, { data, inverses }: Normalized, length: number, centered: boolean): Float64Array {
  const dx = new Float64Array(g.length);
  inverses.forEach((inverse, row) => {
    const at = row * length;
    let [mean, along] = [0, 0];
    for (let i = at; i < at + length; i++) {
      if (centered) mean += g[i] / length;
      along += (g[i] * data[i]) / length;
    }
    for (let i = at; i < at + length; i++) dx[i] = inverse * (g[i] - mean - data[i] * along);
  });
  return dx;
}

/** y = x̂ ⊙ scale + shift, of elements in the input's order. */
function scaledAndShifted(
  x: Tensor,
  rows: Normalized,
  length: number,
  centered: boolean,
  scale: Tensor,
  shift: Tensor | undefined,
): Result & { readonly y: Tensor } {
  const wide = expanded(scale, x.shape);
  const plus = shift && expanded(shift, x.shape);
  const data = rows.data.map((each, i) => each * wide[i] + (plus ? plus[i] : 0));
  const y: Tensor = { kind: x.kind, shape: x.shape, data };
  return {
    y,
    outputs: [y],
    vjp: ([g], wanted) => [
      g && wanted[0] ? backThrough(times(g, wide), rows, length, centered) : undefined,
      g && wanted[1] ? reducedTo(scale.shape, x.shape, times(g, rows.data)) : undefined,
      g && shift && wanted[2] ? reducedTo(shift.shape, x.shape, g) : undefined,
    ],
  };
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((each, i) => each * b[i]);
}

/** Over the last axes, from `axis` on. @param statistics that are outputs too */
function overLastAxes(centered: boolean, statistics: readonly ('means' | 'inverses')[]): Operator {
  return (call) => {
    const { attributes } = call;
    // What the stages are computed in is float64 here.
    attributes.ignore('stash_type');
    const x = call.input(0);
    const axis = axisOf(attributes.integer('axis', -1), x.shape.length);
    const length = sizeOf(x.shape.slice(axis));
    const rows = normalized(x.data, length, attributes.float('epsilon', 1e-5), centered);
    const result = scaledAndShifted(x, rows, length, centered, call.input(1), centered ? call.optional(2) : undefined);
    const shape = x.shape.map((size, each) => (each < axis ? size : 1));
    const { vjp } = result;
    return {
      outputs: [result.y, ...statistics.map((which) => floats(shape, rows[which]))],
      vjp: ([g, ...given], wanted) => {
        const [dx, ...others] = vjp?.([g], wanted) ?? [];
        const [gMean, gInverse] = (['means', 'inverses'] as const).map((which) => given[statistics.indexOf(which)]);
        if ((!gMean && !gInverse) || !wanted[0]) return [dx, ...others];
        // ∂mean/∂x = 1/n;  ∂r/∂x = −r² x̂/n
        const all = dx ? dx.slice() : new Float64Array(x.data.length);
        for (let i = 0; i < all.length; i++) {
          const row = Math.floor(i / length);
          all[i] += ((gMean?.[row] ?? 0) - (gInverse?.[row] ?? 0) * rows.inverses[row] ** 2 * rows.data[i]) / length;
        }
        return [all, ...others];
      },
    };
  };
}

/** Along the channels, the second axis. */
function byChannel(x: Tensor, tensor: Tensor): Tensor {
  if (x.shape.length < 2 || tensor.data.length !== x.shape[1])
    throw new Unsupported(`has ${tensor.data.length} scales for an input of the shape [${x.shape.join(', ')}]`);
  return { ...tensor, shape: [tensor.data.length, ...x.shape.slice(2).map(() => 1)] };
}

/** Its channels in groups, each a row of its own in every sample. @param groups of C channels */
function overGroups(call: Call, groups: number, scale: Tensor, shift: Tensor): Result {
  const x = call.input(0);
  const length = groups === 0 ? 0 : sizeOf(x.shape.slice(1)) / groups;
  if (!Number.isInteger(length)) throw new Unsupported(`has ${groups} groups for ${x.shape[1]} channels`);
  return scaledAndShifted(
    x,
    normalized(x.data, length, call.attributes.float('epsilon', 1e-5), true),
    length,
    true,
    byChannel(x, scale),
    byChannel(x, shift),
  );
}

const groupNormalization: Operator = (call) => {
  const { attributes } = call;
  attributes.ignore('stash_type');
  const [x, scale, shift] = [call.input(0), call.input(1), call.input(2)];
  const groups = attributes.integer('num_groups', 0);
  if (call.opset >= 21) return overGroups(call, groups, scale, shift);
  // Before, scale and shift are of the groups.
  const each = x.shape[1] / groups;
  const repeated = (of: Tensor): Tensor => ({
    ...of,
    shape: [x.shape[1]],
    data: Float64Array.from({ length: x.shape[1] }, (_, channel) => of.data[Math.floor(channel / each)]),
  });
  const result = overGroups(call, groups, repeated(scale), repeated(shift));
  const { vjp } = result;
  const summed = (g: Float64Array | undefined) =>
    g &&
    Float64Array.from({ length: groups }, (_, group) =>
      g.subarray(group * each, (group + 1) * each).reduce((sum, value) => sum + value, 0),
    );
  return {
    ...result,
    vjp: (gradients, wanted) => {
      const [dx, dScale, dShift] = vjp?.(gradients, wanted) ?? [];
      return [dx, summed(dScale), summed(dShift)];
    },
  };
};

/** With the statistics that training has left: y = scale (x − mean) / √(variance + ε) + shift. */
const batchNormalization: Operator = (call) => {
  const { attributes, opset } = call;
  attributes.ignore('momentum', 'consumed_inputs');
  const isTraining =
    opset < 7
      ? !attributes.flag('is_test')
      : opset < 14
        ? [1, 2, 3, 4].some((output) => call.wants(output))
        : attributes.flag('training_mode');
  if (isTraining) throw new Unsupported('is in training mode');
  if (!attributes.flag('spatial', true))
    throw new Unsupported('has statistics of its own for every place (spatial = 0)');
  const x = call.input(0);
  const epsilon = attributes.float('epsilon', 1e-5);
  const isVector = x.shape.length === 1;
  const channels = isVector ? { ...x, shape: [x.shape[0], 1] } : x;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((input) => byChannel(channels, call.input(input)));
  const inverse: Tensor = { ...variance, data: variance.data.map((each) => 1 / Math.sqrt(each + epsilon)) };
  const [s, b, m, r] = [scale, shift, mean, inverse].map((each) => expanded(each, channels.shape));
  const standard = x.data.map((each, i) => (each - m[i]) * r[i]);
  return {
    outputs: [{ ...x, data: standard.map((each, i) => each * s[i] + b[i]) }],
    vjp: ([g], wanted) => {
      if (!g) return [];
      const of = (tensor: Tensor, element: (i: number) => number) =>
        reducedTo(
          tensor.shape,
          channels.shape,
          g.map((each, i) => each * element(i)),
        );
      return [
        g.map((each, i) => each * s[i] * r[i]),
        wanted[1] ? of(scale, (i) => standard[i]) : undefined,
        wanted[2] ? of(shift, () => 1) : undefined,
        wanted[3] ? of(mean, (i) => -s[i] * r[i]) : undefined,
        wanted[4] ? of(variance, (i) => -0.5 * s[i] * standard[i] * r[i] ** 2) : undefined,
      ];
    },
  };
};

/** y = x / ‖x‖ₚ along one axis; zero where the norm is. */
const lpNormalization: Operator = (call) => {
  const x = call.input(0);
  const p = call.attributes.integer('p', 2);
  if (p !== 1 && p !== 2) throw new Unsupported(`has p = ${p}`);
  const axes = [axisOf(call.attributes.integer('axis', -1), x.shape.length)];
  const rows = rowsAlong(x, axes);
  const { data, length } = rows;
  const norms = Float64Array.from({ length: rows.count }, (_, row) => {
    const own = data.subarray(row * length, (row + 1) * length);
    return p === 1
      ? own.reduce((sum, each) => sum + Math.abs(each), 0)
      : Math.sqrt(own.reduce((sum, each) => sum + each * each, 0));
  });
  const y = data.map((each, i) => (norms[Math.floor(i / length)] === 0 ? 0 : each / norms[Math.floor(i / length)]));
  return {
    outputs: [{ ...x, data: rows.back(y) }],
    // dx = (g − (g·y) ∂‖x‖/∂x) / ‖x‖
    vjp: ([given]) => {
      if (!given) return [];
      const g = rowsAlong({ shape: x.shape, data: given }, axes).data;
      const dx = new Float64Array(g.length);
      norms.forEach((norm, row) => {
        if (norm === 0) return;
        let along = 0;
        for (let i = row * length; i < (row + 1) * length; i++) along += g[i] * y[i];
        for (let i = row * length; i < (row + 1) * length; i++)
          dx[i] = (g[i] - along * (p === 1 ? Math.sign(data[i]) : y[i])) / norm;
      });
      return [rows.back(dx)];
    },
  };
};

export const normalization = {
  LayerNormalization: overLastAxes(true, ['means', 'inverses']),
  RMSNormalization: overLastAxes(false, []),
  // Not ONNX's, but what ONNX Runtime's optimizer writes into its domain.
  SimplifiedLayerNormalization: overLastAxes(false, ['inverses']),
  InstanceNormalization: (call) => {
    call.attributes.ignore('consumed_inputs');
    return overGroups(call, call.input(0).shape[1], call.input(1), call.input(2));
  },
  GroupNormalization: groupNormalization,
  BatchNormalization: batchNormalization,
  LpNormalization: lpNormalization,
} satisfies OperatorTable;
