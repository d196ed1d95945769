/** The flow of a frame, as the figures need it: one row per layer and direction, relative to the target's own step. */
import { seriesOf, type Frame, type LayerFlowSummary } from '../src/protocol/frame';
import type { Direction } from '../src/protocol/settings';

export interface FlowRow {
  readonly layer: number;
  readonly direction: Direction;
  /** r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖), T values; NaN where h_t cannot reach τ, −∞ where the gradient is zero, +∞ where it is not finite. */
  readonly relative: Float32Array;
  readonly summary: LayerFlowSummary;
}

/** Top layer first, as the rows are drawn. */
export function flowRows(frame: Frame): FlowRow[] {
  const { layers, target } = frame.header;
  const rows = layers.flatMap((summary) => {
    const flow = seriesOf(frame, 'flow', summary.layer, summary.direction);
    return flow ? [{ layer: summary.layer, direction: summary.direction, relative: relativeTo(flow, target), summary }] : [];
  });
  return rows.sort((a, b) => b.layer - a.layer || a.direction.localeCompare(b.direction) * -1);
}

function relativeTo(flow: Float32Array, target: number): Float32Array {
  const own = flow[target];
  return flow.map((value) => {
    if (!Number.isFinite(value)) return value;
    return Number.isFinite(own) ? value - own : Number.POSITIVE_INFINITY;
  });
}

/** ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_{t+1}‖ (t − 1 in a layer that reads backward); null at the target and where either is not a positive number. */
export function gainAt(row: FlowRow, step: number, target: number): number | null {
  if (step === target) return null;
  const later = row.direction === 'forward' ? step + 1 : step - 1;
  const difference = row.relative[step] - row.relative[later];
  return Number.isFinite(difference) ? 10 ** difference : null;
}
