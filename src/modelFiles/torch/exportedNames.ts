/** The names of a model's weights as they are exported, where those of its kind are known by names of their own. */
import type { GeneralLayer, GeneralModel } from '../../core/model/generalModel';
import { areSameOptions } from '../../layers/options';
import { mixerWeightsOf } from './mixerWeights';
import type { NameOf } from './namedWeights';
import { publishedNames } from './published/registry';

/** Null where each parameter is named by its module in PyTorch. */
export function exportedNames(model: GeneralModel): NameOf | null {
  const [first, ...others] = model.layers;
  if (!others.every((layer) => isAlike(layer, first))) return null;
  return mixerWeightsOf(first.cell)?.nameOf ?? publishedNames(model);
}

/** The first layer can have a part more, as a table of positions is. */
function isAlike(layer: GeneralLayer, first: GeneralLayer): boolean {
  return (
    layer.cell === first.cell &&
    layer.hiddenSize === first.hiddenSize &&
    areSameOptions(layer.options, first.options) &&
    layer.sublayers.every(({ name, norm, residual }) =>
      first.sublayers.some(
        (other) => other.name === name && other.residual === residual && other.norm?.kind === norm?.kind,
      ),
    )
  );
}
