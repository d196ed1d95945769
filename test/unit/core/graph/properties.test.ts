import assert from 'node:assert/strict';
import { floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import { Random } from '../../../../src/core/model/random';
import { operators as recurrentOperators } from '../../../../src/layers/catalog';
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient } from '../../../../src/core/graph/gradient';
import type { GraphRun } from '../../../../src/core/graph/run';
import type { Variable } from '../../../../src/core/graph/variable';
import { difference, gradientsBy, graph, modelOf, node, runModel, variable, type PlainAttribute } from './support';

/** BACKFLOW_SEED=N draws the same shapes and numbers again. */
const seed = Number(process.env['BACKFLOW_SEED'] ?? Date.now() % 2 ** 31);
const rounds = 4;

interface Drawn {
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes?: Readonly<Record<string, PlainAttribute>>;
  readonly outputs?: number;
  readonly opset?: number;
}

class Draw {
  constructor(private readonly random: Random) {}

  below(n: number): number {
    return Math.floor(this.random.uniform() * n);
  }

  length(): number {
    return 1 + this.below(4);
  }

  shape(rank = this.below(4)): number[] {
    return Array.from({ length: rank }, () => this.length());
  }

  /** Away from 0, ±1 and whole numbers, where kinks are. */
  tensor(shape: readonly number[], low = 0.15, high = 0.85): Tensor {
    const x = floats(shape);
    x.data.forEach((_, i) => {
      x.data[i] = this.random.between(low, high) * (low > 0.15 || this.random.uniform() < 0.5 ? 1 : -1);
    });
    return x;
  }

  positive(shape: readonly number[]): Tensor {
    const x = this.tensor(shape);
    return { ...x, data: x.data.map((each) => Math.abs(each) + 0.2) };
  }

  /** One that broadcasts to the shape. */
  broadcastable(shape: readonly number[]): number[] {
    return shape.slice(this.below(shape.length + 1)).map((length) => (this.random.uniform() < 0.3 ? 1 : length));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  indices(shape: readonly number[], length: number): Tensor {
    return integers(
      shape,
      Array.from({ length: shape.reduce((size, each) => size * each, 1) }, () => this.below(2 * length) - length),
    );
  }
}

const unary = [
  'Neg',
  'Abs',
  'Exp',
  'Sin',
  'Cos',
  'Tan',
  'Asin',
  'Acos',
  'Atan',
  'Sinh',
  'Cosh',
  'Asinh',
  'Atanh',
  'Erf',
  'Sigmoid',
  'Tanh',
  'Relu',
  'Softplus',
  'Softsign',
  'HardSwish',
  'Mish',
  'Reciprocal',
  'LeakyRelu',
  'Elu',
  'Celu',
  'Selu',
  'HardSigmoid',
  'Gelu',
  'Swish',
  'Identity',
];
const reductions = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSumExp',
];

const draws: Readonly<Record<string, (draw: Draw) => Drawn>> = {
  ...Object.fromEntries(
    unary.map((name) => [name, (draw: Draw): Drawn => ({ inputs: [draw.tensor(draw.shape())], opset: 24 })]),
  ),
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div'].map((name) => [
      name,
      (draw: Draw): Drawn => {
        const shape = draw.shape();
        return { inputs: [draw.tensor(draw.broadcastable(shape)), draw.tensor(shape)] };
      },
    ]),
  ),
  Pow: (draw) => ({ inputs: [draw.positive(draw.shape(2)), draw.tensor([1])] }),
  Max: (draw) => ({ inputs: [draw.tensor([3]), draw.tensor([2, 1]), draw.tensor([2, 3])] }),
  MatMul: (draw) => {
    const [m, k, n] = draw.shape(3);
    const batch = draw.shape(draw.below(3));
    return { inputs: [draw.tensor([...draw.broadcastable(batch), m, k]), draw.tensor([...batch, k, n])] };
  },
  Gemm: (draw) => {
    const [m, k, n] = draw.shape(3);
    const [transA, transB] = [draw.below(2), draw.below(2)];
    return {
      inputs: [
        draw.tensor(transA ? [k, m] : [m, k]),
        draw.tensor(transB ? [n, k] : [k, n]),
        draw.tensor(draw.broadcastable([m, n])),
      ],
      attributes: { transA, transB, alpha: 0.5, beta: 1.5 },
    };
  },
  Einsum: (draw) => {
    const [a, b, c, d] = draw.shape(4);
    return {
      inputs: [draw.tensor([a, b, c]), draw.tensor([a, d, c]), draw.tensor([d])],
      attributes: { equation: draw.pick(['abc,adc,d->abd', 'abc,adc,d->b', 'abc,adc,d->dcb']) },
    };
  },
  ...Object.fromEntries(
    reductions.map((name) => [
      name,
      (draw: Draw): Drawn => {
        const shape = draw.shape(3);
        return {
          inputs: [draw.tensor(shape), integers([1], [draw.below(6) - 3])],
          attributes: { keepdims: draw.below(2) },
        };
      },
    ]),
  ),
  Softmax: (draw) => ({ inputs: [draw.tensor(draw.shape(3))], attributes: { axis: draw.below(6) - 3 } }),
  LogSoftmax: (draw) => ({
    inputs: [draw.tensor(draw.shape(3))],
    attributes: { axis: draw.below(3) },
    opset: draw.pick([11, 13]),
  }),
  LayerNormalization: (draw) => {
    const shape = [draw.length(), 2 + draw.below(3), 3];
    return {
      inputs: [draw.tensor(shape), draw.tensor(draw.broadcastable(shape.slice(1))), draw.tensor(shape.slice(1))],
      attributes: { axis: 1 },
      outputs: 3,
    };
  },
  RMSNormalization: (draw) => ({ inputs: [draw.tensor([2, 3]), draw.tensor([3])], opset: 23 }),
  GroupNormalization: (draw) => ({
    inputs: [draw.tensor([draw.length(), 4, 3]), draw.tensor([4]), draw.tensor([4])],
    attributes: { num_groups: 2 },
    opset: 21,
  }),
  BatchNormalization: (draw) => ({
    inputs: [
      draw.tensor([2, 3, draw.length()]),
      draw.tensor([3]),
      draw.tensor([3]),
      draw.tensor([3]),
      draw.positive([3]),
    ],
  }),
  LpNormalization: (draw) => ({
    inputs: [draw.tensor(draw.shape(3))],
    attributes: { axis: draw.below(3), p: 1 + draw.below(2) },
  }),
  Transpose: (draw) => ({
    inputs: [draw.tensor(draw.shape(3))],
    attributes: {
      perm: draw.pick([
        [0, 2, 1],
        [2, 0, 1],
        [1, 2, 0],
      ]),
    },
  }),
  Slice: (draw) => ({
    inputs: [
      draw.tensor([4, 5]),
      integers([2], [draw.below(9) - 4, draw.below(9) - 4]),
      integers([2], [draw.below(9) - 4, draw.below(9) - 4]),
      integers([2], [1, 0]),
      integers([2], [draw.pick([1, 2, -1, -2]), draw.pick([1, -1])]),
    ],
  }),
  Concat: (draw) => ({
    inputs: [draw.tensor([2, draw.length()]), draw.tensor([2, draw.length()])],
    attributes: { axis: 1 },
  }),
  Tile: (draw) => ({ inputs: [draw.tensor(draw.shape(2)), integers([2], [draw.length(), draw.below(3)])] }),
  Pad: (draw) => ({
    inputs: [draw.tensor([3, 4]), integers([4], [draw.below(3), draw.below(4), draw.below(3), draw.below(4)])],
    attributes: { mode: draw.pick(['constant', 'edge', 'reflect', 'wrap']) },
    opset: 19,
  }),
  Gather: (draw) => ({ inputs: [draw.tensor([3, 4]), draw.indices(draw.shape(2), 3)] }),
  GatherElements: (draw) => ({ inputs: [draw.tensor([3, 4]), draw.indices([2, 4], 3)] }),
  ScatterElements: (draw) => ({
    inputs: [draw.tensor([3, 4]), draw.indices([2, 4], 3), draw.tensor([2, 4])],
    attributes: { reduction: draw.pick(['none', 'add', 'mul']) },
  }),
  ScatterND: (draw) => ({
    inputs: [draw.tensor([3, 4]), draw.indices([2, 1], 3), draw.tensor([2, 4])],
    attributes: { reduction: draw.pick(['none', 'add', 'mul']) },
  }),
  CumSum: (draw) => ({
    inputs: [draw.tensor(draw.shape(3)), integers([], [draw.below(6) - 3])],
    attributes: { exclusive: draw.below(2), reverse: draw.below(2) },
  }),
  Conv: (draw) => ({
    inputs: [draw.tensor([draw.length(), 4, 5 + draw.below(3)]), draw.tensor([2, 2, 2]), draw.tensor([2])],
    attributes: {
      group: 2,
      strides: [1 + draw.below(2)],
      dilations: [1 + draw.below(2)],
      pads: [draw.below(3), draw.below(3)],
    },
  }),
  AveragePool: (draw) => ({
    inputs: [draw.tensor([1, 2, 5 + draw.below(3)])],
    attributes: {
      kernel_shape: [3],
      strides: [1 + draw.below(2)],
      pads: [draw.below(2), draw.below(2)],
      count_include_pad: draw.below(2),
      ceil_mode: draw.below(2),
    },
  }),
  ...Object.fromEntries(
    recurrentOperators.map((name, i) => [
      name,
      (draw: Draw): Drawn => {
        const [T, B, I, H] = draw.shape(4);
        const gates = [1, 4, 3][i];
        const direction = draw.pick(['forward', 'reverse', 'bidirectional']);
        const D = direction === 'bidirectional' ? 2 : 1;
        const lengths = integers(
          [B],
          Array.from({ length: B }, () => draw.below(T + 1)),
        );
        const states =
          i === 1
            ? [draw.tensor([D, B, H]), draw.tensor([D, B, H]), draw.tensor([D, 3 * H])]
            : [draw.tensor([D, B, H])];
        return {
          inputs: [
            draw.tensor([T, B, I]),
            draw.tensor([D, gates * H, I]),
            draw.tensor([D, gates * H, H]),
            draw.tensor([D, 2 * gates * H]),
            draw.pick([lengths, null]),
            ...states,
          ],
          attributes: {
            direction,
            ...(i === 1 ? { input_forget: draw.below(2) } : i === 2 ? { linear_before_reset: draw.below(2) } : {}),
          },
          outputs: i === 1 ? 3 : 2,
          opset: 14,
        };
      },
    ]),
  ),
};

describe(`graph mode: derivatives against central differences, seed ${seed}`, () => {
  for (const [number, [operator, drawn]] of Object.entries(draws).entries()) {
    it(operator, () => {
      const draw = new Draw(Random.forDrawing(seed + number));
      for (let round = 0; round < rounds; round++) check(operator, drawn(draw), draw);
    });
  }
});

/** ∂(Σ seed · outputs)/∂(one element), both ways, for a few elements of every input. */
function check(operator: string, { inputs, attributes = {}, outputs = 1, opset = 18 }: Drawn, draw: Draw): void {
  const inputNames = inputs.map((input, i) => (input ? `x${i}` : ''));
  const outputNames = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const model = modelOf(
    graph(
      [node(operator, inputNames, outputNames, attributes)],
      inputNames.filter((name) => name !== ''),
      outputNames,
    ),
    opset,
  );
  const runWith = (tensors: readonly (Tensor | null)[]) =>
    runModel(model, Object.fromEntries(tensors.flatMap((tensor, i) => (tensor ? [[`x${i}`, tensor]] : []))));
  const run = runWith(inputs);
  const seeds = outputNames.map((name) => draw.tensor(variable(run, name).tensor.shape).data);
  const value = (of: ReturnType<typeof runWith>) =>
    outputNames.reduce(
      (sum, name, k) => variable(of, name).tensor.data.reduce((all, y, i) => all + y * seeds[k][i], sum),
      0,
    );
  const differentiable = inputs.flatMap((input, i) => (input?.kind === 'float' ? [i] : []));
  const gradients = gradientsBy(
    run,
    new Map(outputNames.map((name, k) => [variable(run, name), seeds[k]])),
    differentiable.map((i) => variable(run, `x${i}`)),
  );
  severalAtOnce(
    run,
    outputNames.map((name) => variable(run, name)),
    differentiable.map((i) => variable(run, `x${i}`)),
    draw,
  );
  differentiable.forEach((i, k) => {
    const x = inputs[i]?.data ?? new Float64Array(0);
    const gradient = gradients[k] ?? new Float64Array(x.length);
    const step = 1e-6;
    for (let tried = 0; tried < Math.min(x.length, 5); tried++) {
      const at = draw.below(x.length);
      const moved = (by: number) =>
        value(
          runWith(
            inputs.map((input, j) => (input && j === i ? { ...input, data: input.data.with(at, x[at] + by) } : input)),
          ),
        );
      const expected = (moved(step) - moved(-step)) / (2 * step);
      const context = `${operator} ${JSON.stringify({ attributes, shapes: inputs.map((input) => input?.shape ?? null) })}, input ${i}, element ${at}: ${gradient[at]} is not ${expected}; BACKFLOW_SEED=${seed}`;
      assert.ok(Math.abs(gradient[at] - expected) < 1e-7 * Math.max(1, Math.abs(expected)) + 2e-8, context);
    }
  });
}

/** The gradients of three targets, traced back at once, are those of each. */
function severalAtOnce(run: GraphRun, outputs: readonly Variable[], wanted: readonly Variable[], draw: Draw): void {
  const count = 3;
  const seeds = outputs.map((output) => Array.from({ length: count }, () => draw.tensor(output.tensor.shape).data));
  const whole = outputs.map((output, k) => {
    const size = output.tensor.data.length;
    const joined = new Float64Array(count * size);
    seeds[k].forEach((seedOf, target) => {
      joined.set(seedOf, target * size);
    });
    return [output, Gradient.of(joined)] as const;
  });
  const found = differentiate(run.tape, wanted)(new Map(whole), count);
  for (let target = 0; target < count; target++) {
    const alone = gradientsBy(run, new Map(outputs.map((output, k) => [output, seeds[k][target]])), wanted);
    wanted.forEach((of, k) => {
      const zero = new Float64Array(of.tensor.data.length);
      const own = found.get(of)?.part(target, of.tensor.data.length).toFloat64() ?? zero;
      assert.ok(difference(own, alone[k] ?? zero) < 1e-12, `target ${target} of several, input ${k}`);
    });
  }
}
