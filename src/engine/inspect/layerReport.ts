/** One layer's direction in a report, and what is read at each boundary between layers. */
import { joinedLengths, joinedLogarithms } from '../../core/analysis/boundaries';
import type { Direction } from '../../layers/direction';
import type { InputReport, LayerReport, StateReport } from '../../protocol/engine';
import type { FlowReport } from '../../protocol/flowReport';
import { relativeTo, type Thresholds } from '../../terms/regions';
import { measuresOf } from '../../protocol/seriesMeasures';

type Place = Pick<LayerReport, 'layer' | 'direction' | 'kind'>;
type StateSeries = Omit<StateReport, 'flow'> & { readonly log10: Float64Array };

/** Of one boundary. */
interface InputSeries {
  readonly total: Float64Array;
  readonly log10: Float64Array;
}

/** @param states in the order of the kind's  @param target τ */
export function layerReport(
  place: Place,
  states: readonly StateSeries[],
  target: number,
  thresholds: Thresholds,
): LayerReport {
  return {
    ...place,
    states: states.map(({ log10, ...state }) => ({
      ...state,
      flow: flowReport(log10, target, place.direction, thresholds),
    })),
  };
}

/**
 * What a recurrent layer gives to the one above is its first state, the directions side by side; so that this state's gradients are those of the boundary.
 * Elsewhere, where a layer has a residual connection or is no recurrent one, the boundary has gradients of its own.
 * @param lowest of what the lowest layer reads  @param own of those boundaries, 0 … N; null of the others  @param layers of every layer and direction, in order  @param target τ
 */
export function inputReports(
  lowest: InputSeries,
  own: readonly (InputSeries | null)[],
  layers: readonly LayerReport[],
  target: number,
  thresholds: Thresholds,
): InputReport[] {
  const report = (boundary: number, total: Float64Array, log10: Float64Array) => ({
    boundary,
    total,
    flow: flowReport(log10, target, 'forward', thresholds),
  });
  const inputs = [report(0, lowest.total, lowest.log10)];
  for (let l = 0; l <= layers[layers.length - 1].layer; l++) {
    const found = own[l + 1];
    if (found) {
      inputs.push(report(l + 1, found.total, found.log10));
      continue;
    }
    const given = layers.filter(({ layer }) => layer === l).map(({ states: [first] }) => first);
    inputs.push(
      report(
        l + 1,
        joinedLengths(given.map(({ total }) => total)),
        joinedLogarithms(given.map(({ flow }) => flow.log10)),
      ),
    );
  }
  return inputs;
}

function flowReport(log10: Float64Array, target: number, direction: Direction, thresholds: Thresholds): FlowReport {
  const { horizon, level } = measuresOf(relativeTo(target, log10), target, direction, thresholds);
  return { target, log10, horizon, level };
}
