/** How many parameters a model of these settings has, and which hidden size gives another cell as many. */
import { kindOf, type CellName } from '../layers/catalog';
import type { ParameterSize } from '../layers/parameters';
import { completeModel, type ModelSettings } from './settings';

const maxHiddenSize = 4096;

/** @param vocabularySize V */
export function parameterCountOf(
  { cell, layers, bidirectional, hiddenSize: H, embeddingSize, tied }: ModelSettings,
  vocabularySize: number,
): number {
  const directions = bidirectional ? 2 : 1;
  let count = vocabularySize + (tied ? 0 : vocabularySize * directions * H) + (embeddingSize ?? 0) * vocabularySize;
  for (let layer = 0; layer < layers; layer++) {
    const inputs = layer === 0 ? (embeddingSize ?? vocabularySize) : directions * H;
    const sizes: Readonly<Record<ParameterSize, number>> = {
      gates: kindOf(cell).gates.length * H,
      hidden: H,
      input: inputs,
    };
    for (const { shape } of kindOf(cell).parameters)
      count += directions * shape.reduce((length, size) => length * sizes[size], 1);
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
    completeModel({ ...model, cell, hiddenSize, embeddingSize: model.tied ? null : model.embeddingSize });
  let [low, high] = [1, maxHiddenSize];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parameterCountOf(withSize(middle), vocabularySize) < count) low = middle + 1;
    else high = middle;
  }
  const distance = (size: number): number => Math.abs(parameterCountOf(withSize(size), vocabularySize) - count);
  return withSize(low > 1 && distance(low - 1) < distance(low) ? low - 1 : low);
}
