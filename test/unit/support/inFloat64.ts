import type { GeneralModel } from '../../../src/core/model/generalModel';

/** The same model, with weights that can be moved by less than a float32 can. */
export function inFloat64(model: GeneralModel): GeneralModel {
  return {
    ...model,
    layers: model.layers.map((layer) => ({
      ...layer,
      directions: layer.directions.map((direction) => ({
        ...direction,
        ...Object.fromEntries(
          (['W', 'R', 'Wb', 'Rb'] as const).map((role) => [role, Float64Array.from(direction[role])]),
        ),
        own: Object.fromEntries(
          Object.entries(direction.own).map(([role, values]) => [role, Float64Array.from(values)]),
        ),
      })),
    })),
    output: { W: Float64Array.from(model.output.W), b: Float64Array.from(model.output.b) },
  };
}
