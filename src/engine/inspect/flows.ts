/** What one target's per-target gradient does on its way through every layer and direction. */
import { joinedLogarithms } from '../../core/analysis/boundaries';
import { directionNames } from '../../core/model/trace';
import type { Direction } from '../../layers/direction';
import { regionsOf, relativeTo, type Region, type Thresholds } from '../../terms/regions';
import { measuresOf, type SeriesMeasures } from '../../protocol/seriesMeasures';
import { UserError } from '../../userError';
import type { Reading } from './reading';

/** Of one state of one layer, or of what is read at one boundary. */
export interface SeriesFlow extends SeriesMeasures {
  /** log₁₀‖∂ℓ_τ/∂s_t‖, or of x^(l)_t. */
  readonly log10: Float64Array;
  /** The same, relative to the target's own step. */
  readonly relative: Float64Array;
  readonly regions: readonly Region[];
}

export interface LayerFlow {
  readonly layer: number;
  readonly direction: Direction;
  /** In the order of the kind's states. */
  readonly states: readonly SeriesFlow[];
}

/** Where nothing shows the regions. */
export const noThresholds: Thresholds = { vanishing: -Infinity, exploding: Infinity };

/** The flow to one target, a step of the probe, layer by layer and direction by direction. */
export async function flowsOf(reading: Reading, target: number, thresholds: Thresholds): Promise<LayerFlow[]> {
  const { layers } = reading.trace;
  const norms = await reading.perTarget(target);
  return norms.flatMap((directions, layer) =>
    directions.map((states, d) => {
      const direction = directionNames(layers[layer])[d];
      return { layer, direction, states: states.map((log10) => seriesFlow(log10, target, direction, thresholds)) };
    }),
  );
}

/** The flow to one target through what each layer reads, and through what the output reads: boundary 0 … N. */
export async function inputFlowsOf(reading: Reading, target: number, thresholds: Thresholds): Promise<SeriesFlow[]> {
  const [norms, own] = [await reading.perTarget(target), await reading.perTargetInputs(target)];
  const lowest = await reading.inputFlow(target);
  return own.map((found, boundary) =>
    seriesFlow(
      boundary === 0 ? lowest : (found ?? joinedLogarithms(norms[boundary - 1].map(([given]) => given))),
      target,
      'forward',
      thresholds,
    ),
  );
}

function seriesFlow(log10: Float64Array, target: number, direction: Direction, thresholds: Thresholds): SeriesFlow {
  const relative = relativeTo(target, log10);
  return {
    log10,
    relative,
    regions: regionsOf(relative, thresholds),
    ...measuresOf(relative, target, direction, thresholds),
  };
}

/** A text of fewer than two tokens: nothing is read that anything follows. */
export function textTooShort(tokens: number): UserError {
  return tokens === 0 ? new UserError('error.inspect.textEmpty') : new UserError('error.inspect.textTooShort', tokens);
}

/** 'last' as a step, or the step itself; throws a UserError when the probe has no such step. */
export function resolveTarget(target: number | 'last', steps: number): number {
  if (target === 'last') return steps - 1;
  if (Number.isInteger(target) && target >= 0 && target < steps) return target;
  throw new UserError('error.inspect.noSuchTarget', target, steps - 1);
}
