/** How many parameters a model of these settings has, and which hidden size gives another cell as many. */
import { kindOf, optionsOf, type CellName } from '../layers/catalog';
import { normParameterCount } from '../layers/norm';
import { shapeWith } from '../layers/parameters';
import { completeModel, isEmbeddingOfTopSize, type ModelSettings } from './settings';

const maxHiddenSize = 4096;

/** @param vocabularySize V */
export function parameterCountOf(
  { cell, layers, bidirectional, hiddenSize: H, embeddingSize, tied, norm, finalNorm, options }: ModelSettings,
  vocabularySize: number,
): number {
  const directions = bidirectional ? 2 : 1;
  const output = directions * H;
  const { parameters, gates, mixer } = kindOf(cell);
  let count = vocabularySize + (tied ? 0 : vocabularySize * output) + (embeddingSize ?? 0) * vocabularySize;
  count += normParameterCount(finalNorm, output);
  for (let layer = 0; layer < layers; layer++) {
    const input = layer === 0 ? (embeddingSize ?? vocabularySize) : output;
    const sizes = { input, hidden: H, options: optionsOf(cell, options), layer, layers };
    for (const parameter of parameters)
      count +=
        directions * (shapeWith(parameter, gates.length, sizes)?.reduce((length, size) => length * size, 1) ?? 0);
    const sublayers = mixer?.sublayers(sizes) ?? [{}];
    sublayers.forEach((sublayer, index) => {
      if (!('around' in sublayer)) count += normParameterCount(norm, index === 0 ? input : output);
    });
  }
  return count;
}

/** The settings with another cell, of the hidden size at which the count is nearest to `count`. */
export function settingsOfSize(
  model: ModelSettings,
  cell: CellName,
  vocabularySize: number,
  count: number,
): ModelSettings {
  const withSize = (hiddenSize: number): ModelSettings =>
    completeModel({
      ...model,
      cell,
      hiddenSize,
      embeddingSize: isEmbeddingOfTopSize(model) ? null : model.embeddingSize,
    });
  let [low, high] = [1, maxHiddenSize];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parameterCountOf(withSize(middle), vocabularySize) < count) low = middle + 1;
    else high = middle;
  }
  const distance = (size: number): number => Math.abs(parameterCountOf(withSize(size), vocabularySize) - count);
  return withSize(low > 1 && distance(low - 1) < distance(low) ? low - 1 : low);
}
