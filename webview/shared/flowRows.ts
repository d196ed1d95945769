/**
 * The flow of a frame, as the figures need it: one row per layer, direction and state, in graph mode per tensor, or per boundary between layers, relative to
 * the target's own step.
 */
import { farthestStatesFirst } from '../../src/layers/catalog';
import { seriesOf, type FlowSummary, type Frame, type FrameHeader, type LaneState } from '../../src/protocol/frame';
import type { Direction } from '../../src/layers/direction';
import { namedSeries, type NamedSeries } from './seriesNames';

export interface FlowRow {
  readonly kind: GradientKind;
  /** Of an input the boundary: what layer `layer` + 1 reads, or at the top the output layer. */
  readonly layer: number;
  readonly direction: Direction;
  readonly state: LaneState;
  /** What a row's name must say: which layer, which state of the only layer, or both; whose input, or that it is the output layer's. */
  readonly naming: 'layer' | 'state' | 'both' | 'input' | 'output';
  /** The tensor; null of a layer's state. */
  readonly series: NamedSeries | null;
  /** A tensor that the target's loss reads at the target alone: what stands there at earlier steps reaches it by others. */
  readonly isOwnStepOnly: boolean;
  /** It speaks for all where one alone is shown: the top layer, of several states the last; in graph mode the embedding, which every path leads through. */
  readonly isMain: boolean;
  /** r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖), or of another state, T values; NaN where it cannot reach τ, −∞ where the gradient is zero, +∞ where it is not finite. */
  readonly relative: Float32Array;
  readonly summary: FlowSummary;
}

/** Of one target's loss by the states, of the mean loss over all targets, or of one target's loss by what is read at a boundary. */
export type GradientKind = 'perTarget' | 'total' | 'input';

const seriesNames = { perTarget: 'flow', total: 'total' } as const;

/**
 * Top layer first, as the rows are drawn; of a layer's states first the one that carries the gradient farthest; of a graph what it computes last first. Empty where the frame does not
 * hold this kind.
 */
export function flowRows(frame: Frame, kind: Exclude<GradientKind, 'input'> = 'perTarget'): FlowRow[] {
  const { flows, target, layers, graph } = frame.header;
  const naming = namingOf(frame.header);
  const named = graph && namedSeries(graph.series);
  const rows = flows.flatMap((summary) => {
    const { layer, direction, state } = summary;
    const flow = seriesOf(frame, seriesNames[kind], layer, direction, state);
    const series = named?.[layer] ?? null;
    if (!flow) return [];
    const relative = relativeTo(flow, target);
    const isOwnStepOnly = series !== null && endsAt(target, relative);
    return [{ kind, layer, direction, state, naming, series, relative, isOwnStepOnly, summary }];
  });
  const place = ({ layer, state }: Pick<FlowRow, 'layer' | 'state'>) =>
    graph ? 0 : farthestStatesFirst(layers[layer].cell).findIndex(({ name }) => name === state);
  rows.sort((a, b) => b.layer - a.layer || b.direction.localeCompare(a.direction) || place(a) - place(b));
  const embedding = rows.findLastIndex(({ series }) => series?.role === 'embedding');
  return rows.map((row, i) => ({ ...row, isMain: i === Math.max(0, embedding) }));
}

/** By what is read at each boundary, the highest first; empty where the frame does not hold it. @param main the boundary that speaks for all */
export function inputRows(frame: Frame, main = 0): FlowRow[] {
  const { inputs = [], target } = frame.header;
  const top = inputs.length - 1;
  return inputs
    .flatMap(({ boundary, ...summary }): FlowRow[] => {
      const flow = seriesOf(frame, 'inputFlow', boundary);
      if (!flow) return [];
      const place = { layer: boundary, direction: 'forward', state: null } as const;
      const relative = relativeTo(flow, target);
      return [
        {
          kind: 'input',
          ...place,
          naming: boundary === top ? 'output' : 'input',
          series: null,
          relative,
          isOwnStepOnly: endsAt(target, relative),
          isMain: boundary === Math.min(main, top),
          summary: { ...place, ...summary },
        },
      ];
    })
    .reverse();
}

/** What a frame is drawn by at first: its states, or the inputs of a model that has none. */
export function firstRows(frame: Frame): FlowRow[] {
  const { flows, graph } = frame.header;
  return flows.length > 0 || graph ? flowRows(frame) : inputRows(frame);
}

/** Whether nothing before (or after) the target's own step gets any of the gradient. */
function endsAt(target: number, relative: Float32Array): boolean {
  return relative.every((r, t) => t === target || !(r > -Infinity));
}

function namingOf({ flows }: FrameHeader): FlowRow['naming'] {
  if (new Set(flows.map(({ state }) => state)).size < 2) return 'layer';
  return flows.some(({ layer, direction }) => layer > 0 || direction === 'backward') ? 'both' : 'state';
}

function relativeTo(flow: Float32Array, target: number): Float32Array {
  const own = flow[target];
  return flow.map((value) => {
    if (!Number.isFinite(value)) return value;
    return Number.isFinite(own) ? value - own : Number.POSITIVE_INFINITY;
  });
}

/** log₁₀ of `gainAt` at every step; NaN where there is none. */
export function logGains(row: FlowRow, target: number): Float32Array {
  const step = row.direction === 'forward' ? 1 : -1;
  return row.relative.map((value, t) => (t === target ? Number.NaN : value - row.relative[t + step]));
}

/** ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_{t+1}‖ (t − 1 in a layer that reads backward); null at the target and where either is not a positive number. */
export function gainAt(row: FlowRow, step: number, target: number): number | null {
  if (step === target) return null;
  const later = row.direction === 'forward' ? step + 1 : step - 1;
  const difference = row.relative[step] - row.relative[later];
  return Number.isFinite(difference) ? 10 ** difference : null;
}
