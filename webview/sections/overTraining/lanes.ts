/** Of which state of which layer the flow over training can be shown, and which was chosen before the page went away. */
import { farthestStatesFirst, isStateName, kindOf, plainCell } from '../../../src/layers/catalog';
import type { GraphSummary } from '../../../src/protocol/graph';
import type { FlowLane } from '../../../src/protocol/overTraining';
import { layersOf, type ModelSettings } from '../../../src/protocol/settings';
import type { FlowRow } from '../../shared/flowRows';

/** In place of a state's name. */
const ofInput = 'x';

export interface Lanes {
  readonly lanes: readonly FlowLane[];
  /** What of each tells it from the others. */
  readonly naming: FlowRow['naming'];
}

/** The states of the model's layers, the top one first; of layers without states what they read, the lowest first. */
export function lanesOf(model: ModelSettings): Lanes {
  const stack = layersOf(model).map(({ cell, bidirectional }, layer) => ({
    layer,
    states: farthestStatesFirst(cell).map(({ name }) => name),
    directions: bidirectional ? (['forward', 'backward'] as const) : (['forward'] as const),
  }));
  const names = new Set(stack.flatMap(({ states }) => states));
  if (names.size === 0)
    return { lanes: stack.map(({ layer }) => ({ layer, direction: 'forward', state: null })), naming: 'input' };
  return {
    lanes: stack
      .toReversed()
      .flatMap(({ layer, directions, states }) =>
        directions.flatMap((direction) => states.map((state) => ({ layer, direction, state }))),
      ),
    naming: names.size < 2 ? 'layer' : stack.length > 1 || stack[0].directions.length > 1 ? 'both' : 'state',
  };
}

/** Of a recording whose model is none that is known: a lane for each series, what is computed last first. */
export function lanesOfSeries({ tensors }: GraphSummary): Lanes & { readonly names: readonly string[] } {
  const lanes = tensors.map(({ isReversed }, layer): FlowLane => ({
    layer,
    direction: isReversed ? 'backward' : 'forward',
    state: null,
  }));
  return { lanes: lanes.toReversed(), naming: 'layer', names: tensors.map(({ name }) => name).toReversed() };
}

/** As the page's controls and its memory name it; nothing for none. */
export function keyOf(lane: FlowLane | null): string {
  return lane ? `${lane.layer} ${lane.direction} ${lane.state ?? ofInput}` : '';
}

export function laneOf(key: string): FlowLane {
  const [layer, direction, state] = key.split(' ');
  return {
    layer: Number(layer),
    direction: direction === 'backward' ? 'backward' : 'forward',
    state: state === ofInput ? null : isStateName(state) ? state : kindOf(plainCell).states[0].name,
  };
}

/** What the page remembers of a run. */
export interface Kept {
  readonly folder: string;
  readonly lane: string;
  readonly step: number | null;
}

/** What was kept, if it is that. */
export function keptOf(value: unknown): Kept | null {
  if (typeof value !== 'object' || value === null) return null;
  const { folder, lane, step } = value as Readonly<Record<string, unknown>>;
  if (typeof folder !== 'string' || typeof lane !== 'string') return null;
  return { folder, lane, step: typeof step === 'number' ? step : null };
}
