/** What the tensors of a model are named by in a report of its gradient: see gradientReport.ts. */
import { isPlainStack, type ModelConfig } from '../../core/model/config';
import { isPlainModel, type GeneralModel } from '../../core/model/generalModel';
import type { Parameters } from '../../core/model/parameters';
import { normName, sublayersOf } from '../../core/model/sublayers';
import { exportedNames } from '../../modelFiles/torch/exportedNames';
import type { ReportedGradient, TensorPlaces } from './gradientReport';

export function placesOfConfig(config: ModelConfig): TensorPlaces {
  return {
    isPlain: isPlainStack(config),
    normNames: config.layers.map((_, layer) => sublayersOf(config, layer).map(normName)),
    // The kernels report recurrent layers only.
    exported: null,
  };
}

export function placesOf(model: GeneralModel): TensorPlaces {
  return {
    isPlain: isPlainModel(model),
    normNames: model.layers.map(({ sublayers }) => sublayers.map(normName)),
    exported: exportedNames(model),
  };
}

/** A gradient of the shape of the parameters, as the report takes it. */
export function gradientOf({ layers, output, embedding, norms, finalNorm }: Parameters): ReportedGradient {
  return { layers, output, embedding, norms, norm: finalNorm };
}
