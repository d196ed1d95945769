/** The flow of a frame, as the figures need it: one row per layer, direction and state, relative to the target's own step. */
import { kindOf, type StateName } from '../../src/layers/catalog';
import { seriesOf, type FlowSummary, type Frame } from '../../src/protocol/frame';
import type { Direction } from '../../src/layers/direction';

export interface FlowRow {
  readonly kind: GradientKind;
  readonly layer: number;
  readonly direction: Direction;
  readonly state: StateName;
  /** What a row's name must say: which layer, which state of the only layer, or both. */
  readonly naming: 'layer' | 'state' | 'both';
  /** r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖), or of another state, T values; NaN where it cannot reach τ, −∞ where the gradient is zero, +∞ where it is not finite. */
  readonly relative: Float32Array;
  readonly summary: FlowSummary;
}

/** Of one target's loss, or of the mean loss over all of them. */
export type GradientKind = 'perTarget' | 'total';

const seriesNames = { perTarget: 'flow', total: 'total' } as const;

/** Top layer first, as the rows are drawn; of a layer's states the last one first. Empty where the frame does not hold this kind. */
export function flowRows(frame: Frame, kind: GradientKind = 'perTarget'): FlowRow[] {
  const { flows, target, layers } = frame.header;
  const naming: FlowRow['naming'] =
    new Set(flows.map(({ state }) => state)).size < 2
      ? 'layer'
      : flows.some(({ layer }) => layer > 0)
        ? 'both'
        : 'state';
  const rows = flows.flatMap((summary) => {
    const { layer, direction, state } = summary;
    const flow = seriesOf(frame, seriesNames[kind], layer, direction, state);
    return flow ? [{ kind, layer, direction, state, naming, relative: relativeTo(flow, target), summary }] : [];
  });
  const place = ({ layer, state }: FlowRow) =>
    kindOf(layers[layer].cell).states.findIndex(({ name }) => name === state);
  return rows.sort((a, b) => b.layer - a.layer || b.direction.localeCompare(a.direction) || place(b) - place(a));
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
