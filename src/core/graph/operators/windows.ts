/** Convolutions and pools: windows that slide over the places of each channel, in any number of axes. */
import type { Call, Operator, OperatorTable } from '../call';
import { floats, integers, sizeOf, stridesOf, Unsupported, type Tensor } from '../tensor';
import { addProduct, addProductTransposed, addTransposedProduct } from './products';

interface Windows {
  /** Lengths of the output's axes behind the channels. */
  readonly shape: readonly number[];
  /** [kernel's places, output's places]: the place in one channel that is read; −1 in the padding, −2 beyond it. */
  readonly places: Int32Array;
  readonly kernel: number;
  readonly outputs: number;
}

function windowsOf(call: Call, x: Tensor, kernelShape: readonly number[]): Windows {
  const { attributes, opset } = call;
  const lengths = x.shape.slice(2);
  const rank = lengths.length;
  if (rank === 0 || kernelShape.length !== rank)
    throw new Unsupported(
      `has a kernel of ${kernelShape.length} axes for an input of the shape [${x.shape.join(', ')}]`,
    );
  const ones = lengths.map(() => 1);
  const strides = attributes.integers('strides') ?? ones;
  const dilations = attributes.integers('dilations') ?? ones;
  const autoPad = attributes.text('auto_pad', 'NOTSET');
  const given = attributes.integers('pads') ?? [...ones, ...ones].map(() => 0);
  const ceil = call.operator !== 'Conv' && opset >= 10 && attributes.flag('ceil_mode');
  const axes = lengths.map((length, axis) => {
    const [stride, extent] = [strides[axis], dilations[axis] * (kernelShape[axis] - 1) + 1];
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const count = Math.ceil(length / stride);
      const padding = Math.max(0, (count - 1) * stride + extent - length);
      return {
        count,
        before: autoPad === 'SAME_UPPER' ? Math.floor(padding / 2) : Math.ceil(padding / 2),
        padded: length + padding,
      };
    }
    if (autoPad !== 'NOTSET' && autoPad !== 'VALID') throw new Unsupported(`pads as “${autoPad}”, which is not known`);
    const [before, after] = autoPad === 'VALID' ? [0, 0] : [given[axis], given[rank + axis]];
    const steps = (length + before + after - extent) / stride;
    const rounded = Math.max(0, (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1);
    // A window that would begin in the padding behind is none.
    const count = ceil && rounded > 0 && (rounded - 1) * stride >= length + before ? rounded - 1 : rounded;
    return { count, before, padded: length + before + after };
  });
  const shape = axes.map(({ count }) => count);
  const [kernel, outputs] = [sizeOf(kernelShape), sizeOf(shape)];
  const [inKernel, inOutput, inInput] = [kernelShape, shape, lengths].map(stridesOf);
  const places = new Int32Array(kernel * outputs);
  for (let k = 0; k < kernel; k++) {
    for (let o = 0; o < outputs; o++) {
      let place = 0;
      for (let axis = 0; axis < rank; axis++) {
        const at =
          (Math.floor(o / inOutput[axis]) % shape[axis]) * strides[axis] +
          (Math.floor(k / inKernel[axis]) % kernelShape[axis]) * dilations[axis];
        const i = at - axes[axis].before;
        if (at >= axes[axis].padded) place = -2;
        else if ((i < 0 || i >= lengths[axis]) && place >= 0) place = -1;
        else if (place >= 0) place += i * inInput[axis];
      }
      places[k * outputs + o] = place;
    }
  }
  return { shape, places, kernel, outputs };
}

/** Y = W · columns(X) for each sample and group. */
const convolution: Operator = (call) => {
  const [x, w, bias] = [call.input(0), call.input(1), call.optional(2)];
  const groups = call.attributes.integer('group', 1);
  const kernelShape = call.attributes.integers('kernel_shape') ?? w.shape.slice(2);
  const { shape, places, kernel, outputs } = windowsOf(call, x, kernelShape);
  const [N, C] = x.shape;
  const [M, perGroup] = w.shape;
  if (perGroup * groups !== C || M % groups !== 0)
    throw new Unsupported(`has weights of the shape [${w.shape.join(', ')}] for ${C} channels in ${groups} groups`);
  const channel = sizeOf(x.shape.slice(2));
  const [rows, m] = [perGroup * kernel, M / groups];
  const columns = new Float64Array(rows * outputs);
  const firstChannel = (n: number, group: number) => (n * C + group * perGroup) * channel;
  const gatherColumns = (n: number, group: number) => {
    const first = firstChannel(n, group);
    for (let row = 0; row < rows; row++) {
      const [c, k] = [Math.floor(row / kernel), row % kernel];
      for (let o = 0; o < outputs; o++) {
        const place = places[k * outputs + o];
        columns[row * outputs + o] = place < 0 ? 0 : x.data[first + c * channel + place];
      }
    }
    return { data: columns, at: 0 };
  };
  const y = floats([N, M, ...shape]);
  if (bias)
    y.data.forEach((_, i) => {
      y.data[i] = bias.data[Math.floor(i / outputs) % M];
    });
  const forEachGroup = (f: (n: number, group: number, atW: number, atY: number) => void) => {
    for (let n = 0; n < N; n++)
      for (let group = 0; group < groups; group++) f(n, group, group * m * rows, (n * M + group * m) * outputs);
  };
  forEachGroup((n, group, atW, atY) => {
    addProduct({ data: y.data, at: atY }, { data: w.data, at: atW }, gatherColumns(n, group), m, rows, outputs);
  });
  return {
    outputs: [y],
    vjp: ([g], wanted) => {
      if (!g) return [];
      const dx = wanted[0] ? new Float64Array(x.data.length) : undefined;
      const dw = wanted[1] ? new Float64Array(w.data.length) : undefined;
      const db = bias && wanted[2] ? new Float64Array(M) : undefined;
      if (db)
        g.forEach((each, i) => {
          db[Math.floor(i / outputs) % M] += each;
        });
      forEachGroup((n, group, atW, atY) => {
        if (dw)
          addProductTransposed({ data: dw, at: atW }, { data: g, at: atY }, gatherColumns(n, group), m, outputs, rows);
        if (!dx) return;
        columns.fill(0);
        addTransposedProduct(
          { data: columns, at: 0 },
          { data: w.data, at: atW },
          { data: g, at: atY },
          rows,
          m,
          outputs,
        );
        const first = firstChannel(n, group);
        for (let row = 0; row < rows; row++) {
          const [c, k] = [Math.floor(row / kernel), row % kernel];
          for (let o = 0; o < outputs; o++) {
            const place = places[k * outputs + o];
            if (place >= 0) dx[first + c * channel + place] += columns[row * outputs + o];
          }
        }
      });
      return [dx, dw, db];
    },
  };
};

/** All places of the channel as one window. */
function wholeChannel(x: Tensor): Windows {
  const size = sizeOf(x.shape.slice(2));
  return {
    shape: x.shape.slice(2).map(() => 1),
    places: Int32Array.from({ length: size }, (_, i) => i),
    kernel: size,
    outputs: 1,
  };
}

function kernelOf(call: Call, x: Tensor): Windows {
  const kernelShape = call.attributes.integers('kernel_shape');
  if (!kernelShape) throw new Unsupported('does not say how large its window is');
  return windowsOf(call, x, kernelShape);
}

/** Means of windows, with or without the padding counted. */
function averagePool(windowsFor: (call: Call, x: Tensor) => Windows): Operator {
  return (call) => {
    const x = call.input(0);
    const { shape, places, kernel, outputs } = windowsFor(call, x);
    const countsPadding = call.attributes.flag('count_include_pad');
    const channel = sizeOf(x.shape.slice(2));
    const sizes = Float64Array.from({ length: outputs }, (_, o) => {
      let size = 0;
      for (let k = 0; k < kernel; k++) if (places[k * outputs + o] >= (countsPadding ? -1 : 0)) size++;
      return size;
    });
    const y = floats([...x.shape.slice(0, 2), ...shape]);
    const forEach = (f: (from: number, to: number, size: number) => void) => {
      for (let c = 0; c < x.shape[0] * x.shape[1]; c++) {
        for (let i = 0; i < places.length; i++)
          if (places[i] >= 0) f(c * channel + places[i], c * outputs + (i % outputs), sizes[i % outputs]);
      }
    };
    forEach((from, to, size) => {
      y.data[to] += x.data[from] / size;
    });
    return {
      outputs: [y],
      vjp: ([g]) => {
        const dx = new Float64Array(x.data.length);
        if (g)
          forEach((to, from, size) => {
            dx[to] += g[from] / size;
          });
        return [dx];
      },
    };
  };
}

/** The largest of each window, of equal ones the first, and where it is. */
function maxPool(windowsFor: (call: Call, x: Tensor) => Windows): Operator {
  return (call) => {
    const x = call.input(0);
    const { shape, places, kernel, outputs } = windowsFor(call, x);
    const channel = sizeOf(x.shape.slice(2));
    if (call.attributes.flag('storage_order') && call.wants(1))
      throw new Unsupported('counts places by columns (storage_order = 1)');
    const size = [...x.shape.slice(0, 2), ...shape];
    const y: Tensor = { ...floats(size), kind: x.kind };
    const from = new Int32Array(y.data.length).fill(-1);
    for (let i = 0; i < y.data.length; i++) {
      const [first, o] = [Math.floor(i / outputs) * channel, i % outputs];
      let best = -Infinity;
      for (let k = 0; k < kernel; k++) {
        const place = places[k * outputs + o];
        if (place < 0 || (from[i] >= 0 && !(x.data[first + place] > best))) continue;
        best = x.data[first + place];
        from[i] = first + place;
      }
      y.data[i] = best;
    }
    return {
      outputs: call.namedOutputs.length > 1 ? [y, integers(size, from)] : [y],
      vjp: ([g]) => {
        const dx = new Float64Array(x.data.length);
        if (g)
          from.forEach((place, i) => {
            if (place >= 0) dx[place] += g[i];
          });
        return [dx];
      },
    };
  };
}

export const windows = {
  Conv: convolution,
  AveragePool: averagePool(kernelOf),
  MaxPool: maxPool(kernelOf),
  GlobalAveragePool: averagePool((_, x) => wholeChannel(x)),
  GlobalMaxPool: maxPool((_, x) => wholeChannel(x)),
} satisfies OperatorTable;
