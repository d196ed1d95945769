/** Learning without training: a model with random weights, made again for every place of the controls. */
import type { Frame } from './frame';
import { kindOf, plainCell, type CellName } from '../layers/catalog';
import { bare, type Surroundings } from '../layers/mixer';
import type { NormName } from '../layers/norm';
import {
  maxPlaygroundLength,
  numberAt,
  type ControlValue,
  type ControlValues,
  type PlaygroundFound,
} from '../layers/playground';
import { maxLayers } from '../terms/choices';

export interface PlaygroundSettings {
  readonly cell: CellName;
  /** Of the kind's own controls; those that are missing stand as they do by default, those of other kinds say nothing. */
  readonly values: ControlValues;
  /** N. */
  readonly layers: number;
  /** Before every layer and before the output; null as the kind is published. */
  readonly norm: NormName | null;
  readonly residual: boolean | null;
  /** H; null for the size at which the kind answers within a frame. */
  readonly hiddenSize: number | null;
  /** T. */
  readonly length: number;
  readonly seed: number;
}

/** What the controls that all kinds have allow. */
export const playgroundLimits = {
  layers: { min: 1, max: maxLayers, step: 1 },
  length: { min: 8, max: maxPlaygroundLength, step: 1 },
  hiddenSize: { min: 2, max: 256 },
} as const;

export const defaultPlayground: PlaygroundSettings = {
  cell: plainCell,
  values: {},
  layers: 1,
  norm: null,
  residual: null,
  hiddenSize: null,
  length: 128,
  seed: 1,
};

/** What stands around the layers: what is chosen, and else what the kind is published with. */
export function surroundingsOf({ cell, norm, residual }: PlaygroundSettings): Surroundings {
  const usual = kindOf(cell).mixer?.surroundings ?? bare;
  return {
    norm: norm ?? usual.norm,
    finalNorm: norm ?? usual.finalNorm,
    residual: residual ?? usual.residual,
  };
}

/** The values after one control has moved: a slider takes along another that it pushes. */
export function movedTo(cell: CellName, values: ControlValues, name: string, value: ControlValue): ControlValues {
  const moved = { ...values, [name]: value };
  const { controls } = kindOf(cell).playground;
  const own = controls.find((control) => control.name === name);
  if (own?.type !== 'slider' || !own.pushes || typeof value !== 'number') return moved;
  const { name: pushed, when } = own.pushes;
  const other = controls.find((control) => control.name === pushed);
  if (other?.type !== 'slider') return moved;
  const at = numberAt(values, other);
  return (when === 'above' ? value > at : value < at) ? { ...moved, [pushed]: value } : moved;
}

export interface PlaygroundResult extends Omit<PlaygroundFound, 'steps'> {
  readonly frame: Frame;
}
