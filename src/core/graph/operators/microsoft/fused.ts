/** What ONNX Runtime's optimizer makes of products, activations and sums that stand one behind another. */
import type { Call, Operator, OperatorTable } from '../../call';
import type { Variable } from '../../variable';
import { Unsupported, type Tensor } from '../../tensor';
import { arithmeticOperators } from '../arithmetic';
import { Composition, type PlainAttributes } from '../composition';
import { indexing } from '../indexing';
import { matmul } from '../matmul';
import { movement } from '../movement';
import { creation } from '../creation';
import { softmax } from '../softmax';
import { unary } from '../unary';
import { windows } from '../windows';

/** Of inputs that the operator reads all of, each one perhaps absent. */
export function compositionOf(call: Call, count: number): Composition {
  return new Composition(Array.from({ length: count }, (_, i) => call.optional(i)));
}

/** A node of one output, from the variables that are its inputs. */
function composed(
  count: number,
  make: (own: Composition, inputs: readonly (Variable | undefined)[], call: Call) => Variable,
): Operator {
  return (call) => {
    const own = compositionOf(call, count);
    call.input(0);
    return own.result([
      make(
        own,
        Array.from({ length: count }, (_, i) => own.optional(i)),
        call,
      ),
    ]);
  };
}

function withBias(own: Composition, x: Variable | undefined, bias: Variable | undefined): Variable | undefined {
  return bias ? own.apply(arithmeticOperators.Add, [x, bias]) : x;
}

/** Activations behind a fused operator, and their attributes in the order of its numbers. */
const activations: Readonly<Record<string, readonly [Operator, ...string[]]>> = {
  Relu: [unary.Relu],
  Tanh: [unary.Tanh],
  Sigmoid: [unary.Sigmoid],
  LeakyRelu: [unary.LeakyRelu, 'alpha'],
  HardSigmoid: [unary.HardSigmoid, 'alpha', 'beta'],
};

function activated(own: Composition, x: Variable, name: string, numbers: readonly (number | undefined)[]): Variable {
  if (name === '') return x;
  if (name === 'Clip') {
    const [low = -Infinity, high = Infinity] = numbers;
    return own.apply(unary.Clip, [x, scalar(low), scalar(high)]);
  }
  if (!Object.hasOwn(activations, name)) throw new Unsupported(`has the activation “${name}”, which is not known`);
  const [operator, ...names] = activations[name];
  const given = names.flatMap((attribute, i): [string, number][] => {
    const value = numbers[i];
    return value === undefined ? [] : [[attribute, value]];
  });
  return own.apply(operator, [x], Object.fromEntries(given));
}

function scalar(value: number): Tensor {
  return { kind: 'float', shape: [], data: Float64Array.of(value) };
}

const lastTwoSwapped = (x: Variable): PlainAttributes => {
  const rank = x.tensor.shape.length;
  return { perm: Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis)) };
};

/** α A′ B′ over batches, A′ and B′ transposed or not; a vector is not. */
const fusedMatMul = composed(2, (own, inputs, { attributes }) => {
  if (attributes.flag('transBatchA') || attributes.flag('transBatchB'))
    throw new Unsupported('multiplies matrices whose rows are the first axis (transBatchA, transBatchB)');
  const [a, b] = inputs.map((input, i) =>
    input && attributes.flag(i === 0 ? 'transA' : 'transB') && input.tensor.shape.length > 1
      ? own.apply(movement.Transpose, [input], lastTwoSwapped(input))
      : input,
  );
  const product = own.apply(matmul.MatMul, [a, b]);
  return own.apply(arithmeticOperators.Mul, [product, scalar(attributes.float('alpha', 1))]);
});

const fusedGemm = composed(3, (own, inputs, { attributes }) => {
  const product = own.apply(matmul.Gemm, inputs, {
    alpha: attributes.float('alpha', 1),
    beta: attributes.float('beta', 1),
    transA: attributes.integer('transA', 0),
    transB: attributes.integer('transB', 0),
  });
  const number = (name: string) => (attributes.has(name) ? attributes.float(name, 0) : undefined);
  return activated(own, product, attributes.text('activation', ''), [
    number('activation_alpha'),
    number('activation_beta'),
    number('activation_gamma'),
  ]);
});

/** The sum with a fourth input comes before the activation. */
const fusedConv: Operator = (call) => {
  const own = compositionOf(call, 4);
  const { attributes } = call;
  const plain: Record<string, number | string | readonly number[]> = {
    auto_pad: attributes.text('auto_pad', 'NOTSET'),
    group: attributes.integer('group', 1),
  };
  for (const name of ['dilations', 'kernel_shape', 'pads', 'strides']) {
    const values = attributes.integers(name);
    if (values) plain[name] = values;
  }
  const product = own.apply(
    windows.Conv,
    [0, 1, 2].map((i) => own.optional(i)),
    plain,
  );
  const whole = own.optional(3) ? own.apply(arithmeticOperators.Add, [product, own.optional(3)]) : product;
  return own.result([
    activated(own, whole, attributes.text('activation', ''), attributes.floats('activation_params') ?? []),
  ]);
};

/** softmax(x + bias) over the axes from one on, as before opset 13. */
const biasSoftmax = composed(2, (own, [x, bias], { attributes }) => {
  const axis = attributes.integer('axis', 1);
  // How the bias lies against x is what broadcasting says, where it has as many axes; only then is it computed.
  attributes.ignore('is_inner_broadcast');
  if (x?.tensor.shape.length !== bias?.tensor.shape.length)
    throw new Unsupported('adds a bias of another rank before its softmax');
  const sum = own.apply(arithmeticOperators.Add, [x, bias]);
  const rank = sum.tensor.shape.length;
  const from = axis < 0 ? axis + rank : axis;
  if (from !== rank - 1) throw new Unsupported(`has a softmax over the axes from ${axis} on`);
  return own.apply(softmax.Softmax, [sum], { axis: -1 });
});

/** Dropout behind a sum: nothing is dropped where the model is used. */
const biasDropout: Operator = (call) => {
  const own = compositionOf(call, 3);
  call.attributes.ignore('seed');
  const [ratio, isTraining] = [call.optional(3)?.data[0] ?? 0.5, call.optional(4)?.data[0] ?? 0];
  if (isTraining !== 0 && ratio !== 0) throw new Unsupported('is in training mode');
  const sum = withBias(own, withBias(own, own.optional(0), own.optional(1)), own.optional(2));
  return own.result(own.applied(movement.Dropout, [sum], {}, 2));
};

const gelu = (approximate: string): Operator =>
  composed(2, (own, [x, bias]) => own.apply(unary.Gelu, [withBias(own, x, bias)], { approximate }));

/** x σ(αx). */
const quickGelu = composed(1, (own, [x], { attributes }) =>
  own.apply(unary.Swish, [x], { alpha: attributes.float('alpha', 1.702) }),
);

/** The first half of the last axis times gelu of the second. */
const biasSplitGelu = composed(2, (own, [x, bias]) => {
  const sum = own.apply(arithmeticOperators.Add, [x, bias]);
  const [first, second] = own.applied(movement.Split, [sum], { axis: -1, num_outputs: 2 }, 2);
  return own.apply(arithmeticOperators.Mul, [first, own.apply(unary.Gelu, [second])]);
});

/** One axis of size 1 more. */
const expandDims: Operator = (call) => {
  const own = compositionOf(call, 1);
  const axis = call.input(1);
  return own.result([own.apply(movement.Unsqueeze, [own.optional(0), { ...axis, shape: [1] }])]);
};

export const fused: OperatorTable = {
  Gelu: gelu('none'),
  BiasGelu: gelu('none'),
  FastGelu: gelu('tanh'),
  GemmFastGelu: composed(3, (own, [x, w, bias]) =>
    own.apply(unary.Gelu, [withBias(own, own.apply(matmul.MatMul, [x, w]), bias)], { approximate: 'tanh' }),
  ),
  QuickGelu: quickGelu,
  BiasSplitGelu: biasSplitGelu,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedGemm: fusedGemm,
  FusedConv: fusedConv,
  BiasSoftmax: biasSoftmax,
  BiasDropout: biasDropout,
  BiasAdd: composed(3, (own, [x, bias, skip]) =>
    own.apply(arithmeticOperators.Add, [own.apply(arithmeticOperators.Add, [x, bias]), skip]),
  ),
  ExpandDims: expandDims,
  Trilu: movement.Trilu,
  Range: creation.Range,
  GatherND: indexing.GatherND,
};
