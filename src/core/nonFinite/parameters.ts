/** A model's parameters one by one, and a gradient's, by the names of `ParameterEntry`. */
import type { Float64Gradient } from '../float64/float64Backward';
import { eachRole, type ByRole } from '../model/directionParameters';
import type { GeneralModel } from '../model/generalModel';
import type { Floats } from '../model/trace';
import { firstOutside } from './float32Range';
import type { Place } from './place';

export type NamedParameter = readonly [name: string, values: Floats];

/** The first number of a parameter that is not finite, or leaves float32; null where there is none. */
export function parameterOutside(model: GeneralModel): Place | null {
  for (const [parameter, values] of parametersOf(model)) {
    const unit = firstOutside(values, 0, values.length);
    if (unit < 0) continue;
    const nowhere = { step: null, layer: null, direction: null, before: null } as const;
    return { ...nowhere, pass: 'forward', quantity: 'parameter', unit, value: values[unit], parameter };
  }
  return null;
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
