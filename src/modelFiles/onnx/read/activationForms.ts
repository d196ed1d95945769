/** Activations of a recurrent node, and the coefficients that they take. */
import { activationNames, type ActivationForm, type ActivationName } from '../../../core/model/generalModel';
import { attributeType, type NodeProto } from '../../../formats/onnx/messages';
import { GraphNode } from '../../../formats/onnx/node';
import { activationsOf, kindOfOperator, type CellName } from '../../../layers/catalog';
import { UserError } from '../../../userError';

/** Of a kind whose activation is open, where the node does not say. */
const defaultActivation = 'tanh';
/** alpha and beta where the operator does not say. */
const defaultCoefficients: Readonly<Partial<Record<ActivationName, readonly [number, number]>>> = {
  affine: [1, 0],
  elu: [1, 0],
  hardsigmoid: [0.2, 0.5],
  leakyrelu: [0.01, 0],
  scaledtanh: [1, 1],
  thresholdedrelu: [1, 0],
};
/** How many of alpha and beta a function takes from the lists of the operator. */
const takes: Readonly<Partial<Record<ActivationName, readonly [boolean, boolean]>>> = {
  affine: [true, true],
  elu: [true, false],
  hardsigmoid: [true, true],
  leakyrelu: [true, false],
  scaledtanh: [true, true],
  thresholdedrelu: [true, false],
};

/** Of each direction; alphas and betas are handed out in order to those that take them. */
export function formsOf(node: GraphNode, cell: CellName, D: number): ActivationForm[][] {
  const usual = activationsOf(cell, defaultActivation);
  const names = node.texts('activations') ?? Array.from({ length: D }, () => usual).flat();
  if (names.length !== D * usual.length)
    throw new UserError('error.onnx.activationCount', node.name, node.operator, names.length, D * usual.length);
  const alphas = [...node.floats('activation_alpha')];
  const betas = [...node.floats('activation_beta')];
  const forms = names.map((given): ActivationForm => {
    const name = activationNames.find((known) => known === given.toLowerCase());
    if (!name) throw new UserError('error.onnx.activationUnknown', node.name, node.operator, given);
    const [alpha, beta] = defaultCoefficients[name] ?? [0, 0];
    const [takesAlpha, takesBeta] = takes[name] ?? [false, false];
    return {
      name,
      alpha: takesAlpha ? (alphas.shift() ?? alpha) : alpha,
      beta: takesBeta ? (betas.shift() ?? beta) : beta,
    };
  });
  return Array.from({ length: D }, (_, d) => forms.slice(d * usual.length, (d + 1) * usual.length));
}

export interface WrittenOut {
  /** The same node with every coefficient among its attributes. */
  readonly node: NodeProto;
  /** Its functions that lacked some, as it names them. */
  readonly functions: readonly string[];
}

/**
 * A recurrent node with the coefficients that it leaves to the defaults of the operator's text; null where it leaves none to them, and for every other
 * node. Throws a UserError for activations that are not known.
 */
export function withCoefficients(proto: NodeProto): WrittenOut | null {
  const node = new GraphNode(proto);
  const kind = node.domain === '' ? kindOfOperator(node.operator) : undefined;
  const names = node.texts('activations');
  if (!kind || !names) return null;
  const forms = formsOf(node, kind.name, node.text('direction', 'forward') === 'bidirectional' ? 2 : 1).flat();
  const listed = (index: 0 | 1) => forms.filter(({ name }) => takes[name]?.[index] === true);
  const [withAlpha, withBeta] = [listed(0), listed(1)];
  const lacking = new Set([
    ...withAlpha.slice(node.floats('activation_alpha').length),
    ...withBeta.slice(node.floats('activation_beta').length),
  ]);
  if (lacking.size === 0) return null;
  const others = (proto.attribute ?? []).filter(({ name }) => !['activation_alpha', 'activation_beta'].includes(name));
  const written = (name: string, floats: number[]) => ({ name, type: attributeType.floats, floats });
  return {
    node: {
      ...proto,
      attribute: [
        ...others,
        written(
          'activation_alpha',
          withAlpha.map(({ alpha }) => alpha),
        ),
        ...(withBeta.length > 0
          ? [
              written(
                'activation_beta',
                withBeta.map(({ beta }) => beta),
              ),
            ]
          : []),
      ],
    },
    functions: Array.from(new Set(names.filter((_, i) => lacking.has(forms[i])))),
  };
}
