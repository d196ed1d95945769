/** What a recurrent node says of its cell: activations, clip, forms of its gates. */
import { activationsOf, type LayerKind } from '../../../layers/catalog';
import { activationNames, type ActivationForm, type ActivationName } from '../../model/generalModel';
import type { Attributes } from '../attributes';
import { Unsupported } from '../tensor';

/** Of a kind whose activation is open, where the node does not say. */
const defaultActivation = 'tanh';

/** alpha and beta of those that take them, where the node does not say: the defaults of the operators of the same names. */
const coefficients: Readonly<Partial<Record<ActivationName, { readonly alpha: number; readonly beta?: number }>>> = {
  affine: { alpha: 1, beta: 0 },
  elu: { alpha: 1 },
  hardsigmoid: { alpha: 0.2, beta: 0.5 },
  leakyrelu: { alpha: 0.01 },
  scaledtanh: { alpha: 1, beta: 1 },
  thresholdedrelu: { alpha: 1 },
};

/** Of each direction; the lists of alphas and betas are handed out in order to those that take them. */
export function activationForms(kind: LayerKind, attributes: Attributes, directions: number): ActivationForm[][] {
  const usual = activationsOf(kind.name, defaultActivation);
  const names = attributes.texts('activations') ?? Array.from({ length: directions }, () => usual).flat();
  if (names.length !== directions * usual.length)
    throw new Unsupported(`names ${names.length} activations where ${directions * usual.length} are needed`);
  const alphas = (attributes.floats('activation_alpha') ?? []).values();
  const betas = (attributes.floats('activation_beta') ?? []).values();
  const forms = names.map((given): ActivationForm => {
    const name = activationNames.find((known) => known === given.toLowerCase());
    if (!name) throw new Unsupported(`has the activation “${given}”, which is not known`);
    const own = coefficients[name];
    const alpha = own ? (alphas.next().value ?? own.alpha) : 0;
    const beta = own?.beta === undefined ? 0 : (betas.next().value ?? own.beta);
    return { name, alpha, beta };
  });
  return Array.from({ length: directions }, (_, d) => forms.slice(d * usual.length, (d + 1) * usual.length));
}
