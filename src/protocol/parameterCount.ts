/** How many parameters a model of these settings has, and which hidden size gives another cell as many. */
import { kindOf, optionsOf, type CellName } from '../layers/catalog';
import { normParameterCount } from '../layers/norm';
import { shapeWith } from '../layers/parameters';
import { maxHiddenSize } from '../terms/choices';
import {
  completeModel,
  isEmbeddingOfTopSize,
  layersOf,
  surroundingsOf,
  type ModelSettings,
  type StackSettings,
} from './settings';

/** @param vocabularySize V, of a model of numbers how many it predicts  @param features how many it reads at a step */
export function parameterCountOf(model: ModelSettings, vocabularySize: number, features?: number): number {
  const { embeddingSize, tied, finalNorm } = model;
  const layers = layersOf(model);
  const width = embeddingSize ?? 0;
  let count = vocabularySize * (1 + width);
  let input = embeddingSize ?? features ?? vocabularySize;
  for (const [layer, own] of layers.entries()) {
    const { cell, bidirectional, hiddenSize: H, norm } = own;
    const directions = bidirectional ? 2 : 1;
    const { parameters, gates, mixer } = kindOf(cell);
    const options = optionsOf(cell, own.options);
    const sizes = { input, hidden: H, options, layer, layers: layers.length, below: layers.slice(0, layer) };
    const output = directions * H;
    for (const parameter of parameters)
      count +=
        directions * (shapeWith(parameter, gates.length, sizes)?.reduce((length, size) => length * size, 1) ?? 0);
    const sublayers = mixer?.sublayers(sizes) ?? [{}];
    sublayers.forEach((sublayer, index) => {
      if (!('around' in sublayer)) count += normParameterCount(norm, index === 0 ? sizes.input : output);
    });
    input = output;
  }
  return count + normParameterCount(finalNorm, input) + (tied ? 0 : vocabularySize * input);
}

/** The settings with another cell, of this hidden size. What stands around its layers is as usual for it where that was so before. */
export function settingsOfCell(model: StackSettings, cell: CellName, hiddenSize = model.hiddenSize): StackSettings {
  const usual = surroundingsOf(model.cell);
  return completeModel({
    ...model,
    cell,
    hiddenSize,
    norm: model.norm === usual.norm ? null : model.norm,
    finalNorm: model.finalNorm === usual.finalNorm ? null : model.finalNorm,
    residual: model.residual === usual.residual ? null : model.residual,
    embeddingSize: isEmbeddingOfTopSize(model) || kindOf(cell).mixer ? null : model.embeddingSize,
  });
}

/** The same, of the hidden size at which the count is nearest to `count`. */
export function settingsOfSize(
  model: StackSettings,
  cell: CellName,
  vocabularySize: number,
  count: number,
  features?: number,
): StackSettings {
  const step = kindOf(cell).mixer?.widthStep(optionsOf(cell, model.options)) ?? 1;
  const withSize = (steps: number): StackSettings => settingsOfCell(model, cell, steps * step);
  let [low, high] = [1, Math.floor(maxHiddenSize / step)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parameterCountOf(withSize(middle), vocabularySize, features) < count) low = middle + 1;
    else high = middle;
  }
  const distance = (size: number): number =>
    Math.abs(parameterCountOf(withSize(size), vocabularySize, features) - count);
  return withSize(low > 1 && distance(low - 1) < distance(low) ? low - 1 : low);
}
