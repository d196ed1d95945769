/** What a model is called by its layers, the same in every language: "LSTM 2 × 128", "LSTM 128 + Attention 128". */
import { kindOf } from './catalog';
import type { LayerConfig } from './layerConfig';

type Named = Pick<LayerConfig, 'cell' | 'hiddenSize'>;

export interface StackNaming<Layer extends Named> {
  /** How a size or a count is written. */
  readonly number?: (value: number) => string;
  /** What a layer is called, where that is more than its kind's label. */
  readonly label?: (layer: Layer) => string;
}

/**
 * Of layers that are alike their kind, number and hidden size. Of others each, the lowest first, with those that follow one of their like counted:
 * "Mamba 3 × 64 + Attention 64"; a sequence that repeats is named once: "12 × (LSTM 64 + Attention 64)".
 */
export function stackName<Layer extends Named>(
  layers: readonly Layer[],
  { number = String, label = ({ cell }) => kindOf(cell).label }: StackNaming<Layer> = {},
): string {
  const groups: { name: string; size: string; count: number }[] = [];
  for (const layer of layers) {
    const [name, size] = [label(layer), number(layer.hiddenSize)];
    const last = groups.at(-1);
    if (last?.name === name && last.size === size) last.count++;
    else groups.push({ name, size, count: 1 });
  }
  if (groups.length === 1) return `${groups[0].name} ${number(groups[0].count)} × ${groups[0].size}`;
  const names = groups.map(({ name, size, count }) => `${name} ${count > 1 ? `${number(count)} × ` : ''}${size}`);
  const period = periodOf(names);
  const once = names.slice(0, period).join(' + ');
  return period < names.length ? `${number(names.length / period)} × (${once})` : once;
}

/** After how many of them they repeat; all of them where they do not. */
function periodOf(names: readonly string[]): number {
  for (let period = 2; 2 * period <= names.length; period++)
    if (names.length % period === 0 && names.every((name, i) => name === names[i % period])) return period;
  return names.length;
}

/** The kinds of the layers, each once, the lowest first: "LSTM + Attention". */
export function kindsInWords(layers: readonly Named[]): string {
  return distinctKinds(layers)
    .map((cell) => kindOf(cell).label)
    .join(' + ');
}

/** The same for the name of a folder: `lstm-attention`. */
export function kindsInFolder(layers: readonly Named[]): string {
  return distinctKinds(layers).join('-');
}

function distinctKinds(layers: readonly Named[]): LayerConfig['cell'][] {
  return [...new Set(layers.map(({ cell }) => cell))];
}
