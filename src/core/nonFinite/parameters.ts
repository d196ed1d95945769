/** A model's parameters one by one, and a gradient's, by the names of `ParameterEntry`. */
import type { Float64Gradient } from '../float64/float64Backward';
import { eachRole, type ByRole } from '../model/directionParameters';
import type { GeneralModel } from '../model/generalModel';
import type { Floats } from '../model/trace';
import { firstOutside } from './float32Range';
import type { Place } from './place';

/** Of a parameter itself: it belongs to no step. */
export type ParameterPlace = Place & { readonly parameter: string };

export type NamedParameter = readonly [name: string, values: Floats];

/** Of each parameter that has such numbers, in the order of their use, the first that is not finite, or leaves float32. */
export function parametersOutside(model: GeneralModel): ParameterPlace[] {
  return parametersOf(model).flatMap(([parameter, values]) => {
    const unit = firstOutside(values, 0, values.length);
    if (unit < 0) return [];
    const none = { step: null, layer: null, direction: null, before: null } as const;
    return [{ ...none, pass: 'forward', quantity: 'parameter', unit, value: values[unit], parameter }];
  });
}

/** Whether what stands there is computed with this parameter itself, and not only from what it has made of other numbers. */
export function isComputedWith({ embedding, output }: GeneralModel, place: Place, parameter: string): boolean {
  const { pass, layer, direction, quantity } = place;
  const starts = (...beginnings: string[]) => beginnings.some((beginning) => parameter.startsWith(beginning));
  if (layer === null) {
    if (quantity === 'embedding') return parameter === 'embedding';
    if (quantity === 'norm') return starts('norm.');
    return starts('output.') || (output.W === embedding && parameter === 'embedding');
  }
  // On the way back the gradient has come through what reads it.
  if (pass === 'backward' && starts(`layer${layer + 1}.`, 'norm.', 'output.')) return true;
  return starts(direction === null ? `layer${layer}.` : `layer${layer}.${direction}.`);
}

/** In the order in which they are used. */
export function parametersOf({ embedding, layers, norm, output }: GeneralModel): NamedParameter[] {
  return [
    ...(embedding ? [['embedding', embedding] as const] : []),
    ...layers.flatMap(({ cell, directions, sublayers }, layer) => [
      ...sublayers.flatMap(({ name, norm: own }) => ofNorm(`layer${layer}.${name === '' ? '' : `${name}.`}norm`, own)),
      ...directions.flatMap((own) => ofDirection(cell, `layer${layer}.${own.direction}`, own, own.peepholes)),
    ]),
    ...ofNorm('norm', norm),
    ...(output.W === embedding ? [] : [['output.W', output.W] as const]),
    ['output.b', output.b],
  ];
}

/** In the order in which they are computed: from the output down. */
export function gradientsOf(model: GeneralModel, gradient: Float64Gradient): (readonly [string, Float64Array])[] {
  const { embedding, layers, norms, norm, output } = gradient;
  return [
    ...(output.W === embedding ? [] : [['output.W', output.W] as const]),
    ['output.b', output.b],
    ...ofNorm('norm', norm),
    ...layers
      .flatMap((directions, layer) => {
        const { cell, sublayers, directions: described } = model.layers[layer];
        return [
          [
            ...directions.flatMap((own, d) => ofDirection(cell, `layer${layer}.${described[d].direction}`, own, own.P)),
            ...sublayers.flatMap(({ name }, s) =>
              ofNorm(`layer${layer}.${name === '' ? '' : `${name}.`}norm`, norms[layer][s]),
            ),
          ],
        ];
      })
      .reverse()
      .flat(),
    ...(embedding ? [['embedding', embedding] as const] : []),
  ];
}

function ofNorm<T extends Floats>(
  name: string,
  own: Pick<{ gamma: T; beta: T }, 'gamma' | 'beta'> | null,
): (readonly [string, T])[] {
  if (!own) return [];
  // An rmsNorm has no beta.
  return [[`${name}.gamma`, own.gamma] as const, ...(own.beta.length > 0 ? [[`${name}.beta`, own.beta] as const] : [])];
}

function ofDirection<T extends Floats>(
  cell: GeneralModel['layers'][number]['cell'],
  name: string,
  own: ByRole<T>,
  peepholes: T | null,
): (readonly [string, T])[] {
  return [
    ...eachRole(cell, own).map(([{ role }, values]) => [`${name}.${role}`, values] as const),
    ...(peepholes ? [[`${name}.P`, peepholes] as const] : []),
  ];
}
