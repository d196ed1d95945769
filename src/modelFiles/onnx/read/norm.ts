/**
 * LayerNorm between the top layer and the output: the operator LayerNormalization, or the steps that older exporters write instead:
 * mean, centered = x − mean, squared, variance, + ε, √, centered / √ (or · 1/√), · γ, + β.
 */
import { UserError } from '../../../userError';
import { axisOf, type ConstantInputs } from './arguments';
import { wholeNumbers, type Constant } from '../../../formats/onnx/constant';
import type { GraphNode } from '../../../formats/onnx/node';
import { isFeatures, widthOf, type Data, type Normed, type NormStep, type States, type Value } from './value';

/** Undefined where the node is no part of a LayerNorm over the features. */
export function normStep(
  node: GraphNode,
  values: readonly (Value | undefined)[],
  constants: ConstantInputs,
): Data | undefined {
  const steps = values.map((value) => (value?.kind === 'data' ? stepOf(value) : undefined));
  const data = values.find((value): value is Data => value?.kind === 'data' && stepOf(value) !== undefined);
  if (!data) return undefined;
  const { of } = stepOf(data) as Step;
  // Of two operands, only what comes from the variance knows it.
  const epsilon = Math.max(...steps.map((step) => step?.epsilon ?? 0));
  // Of two parts both must be of the same states.
  if (steps.some((step) => step && step.of !== of)) return undefined;
  const constant = constants.find((each) => each);
  const to = (step: NormStep, eps = epsilon): Data => ({
    ...data,
    content: { kind: 'normStep', of, step, epsilon: eps },
  });
  const [a, b] = steps.map((step) => step?.step);
  switch (node.operator) {
    case 'LayerNormalization':
      return a === 'states' && axisOf(node.integer('axis', -1), data.axes.length) === data.axes.length - 1
        ? normed(data, of, node.float('epsilon', 1e-5), constants[1], constants[2])
        : undefined;
    case 'ReduceMean':
      if (!isOverFeatures(node, data, constants)) return undefined;
      return a === 'states' ? to('mean') : a === 'squared' ? to('variance') : undefined;
    case 'Sub':
      return a === 'states' && b === 'mean' ? to('centered') : undefined;
    case 'Pow':
      return a === 'centered' && constants[1]?.data.every((exponent) => exponent === 2) ? to('squared') : undefined;
    case 'Sqrt':
      return a === 'shifted' ? to('deviation') : undefined;
    case 'Reciprocal':
      return a === 'deviation' ? to('inverse') : undefined;
    case 'Div':
      return a === 'centered' && b === 'deviation'
        ? to('standard')
        : constants[0]?.data.every((one) => one === 1) && b === 'deviation'
          ? to('inverse')
          : undefined;
    case 'Mul':
      if (a === 'centered' && b === 'centered') return to('squared');
      if ((a === 'centered' && b === 'inverse') || (a === 'inverse' && b === 'centered')) return to('standard');
      return (a ?? b) === 'standard' ? normed(data, of, epsilon, constant, undefined) : undefined;
    case 'Add':
      if ((a ?? b) === 'variance' && constant?.data.length === 1) return to('shifted', constant.data[0]);
      if ((a ?? b) === 'standard') return normed(data, of, epsilon, undefined, constant);
      return data.content.kind === 'normed' && constant ? shifted(data, data.content, constant) : undefined;
    default:
      return undefined;
  }
}

interface Step {
  readonly of: States;
  readonly step: NormStep | 'states' | 'done';
  readonly epsilon: number;
}

function stepOf({ content, axes }: Data): Step | undefined {
  if (content.kind === 'states')
    return isFeatures(axes.at(-1), content) ? { of: content, step: 'states', epsilon: 0 } : undefined;
  if (content.kind === 'normStep') return content;
  return content.kind === 'normed' ? { of: content.of, step: 'done', epsilon: content.norm.epsilon } : undefined;
}

/** Adds to β: whatever was added before stays. */
function shifted(data: Data, content: Normed, shift: Constant): Data {
  const { norm } = content;
  const {
    norm: { beta },
  } = normed(data, content.of, norm.epsilon, undefined, shift).content as Normed;
  return {
    ...data,
    content: { ...content, norm: { ...norm, beta: Float64Array.from(beta, (value, i) => value + norm.beta[i]) } },
  };
}

function isOverFeatures(node: GraphNode, data: Data, constants: ConstantInputs): boolean {
  const axes = node.integers('axes') ?? wholeNumbers(constants[1]);
  return (
    axes?.length === 1 &&
    axisOf(axes[0], data.axes.length) === data.axes.length - 1 &&
    node.integer('keepdims', 1) === 1
  );
}

function normed(
  data: Data,
  of: States,
  epsilon: number,
  gamma: Constant | undefined,
  beta: Constant | undefined,
): Data {
  const width = widthOf(of);
  const weights = (constant: Constant | undefined, otherwise: number) => {
    if (constant && (constant.data.length !== width || constant.shape.at(-1) !== width))
      throw new UserError('error.onnx.layerNormSize', constant.data.length, width);
    return constant?.data ?? new Float32Array(width).fill(otherwise);
  };
  return {
    ...data,
    content: {
      kind: 'normed',
      of,
      norm: { kind: 'layerNorm', gamma: weights(gamma, 1), beta: weights(beta, 0), epsilon },
    },
  };
}
