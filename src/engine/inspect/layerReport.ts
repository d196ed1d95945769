/** One layer's direction in a report, and what is read at each boundary between layers. */
import { joinedLengths, joinedLogarithms } from '../../core/analysis/boundaries';
import { horizonOf, relativeTo, type Thresholds } from '../../core/analysis/regions';
import type { FlowReport, InputReport, LayerReport, StateReport } from '../../protocol/engine';

type Place = Pick<LayerReport, 'layer' | 'direction' | 'kind'>;
type StateSeries = Omit<StateReport, 'flow'> & { readonly log10: Float64Array };

/** @param states the first is h  @param target τ */
export function layerReport(place: Place, states: readonly StateSeries[], target: number, thresholds: Thresholds): LayerReport {
  const reports = states.map(({ log10, ...state }) => ({ ...state, flow: flowReport(log10, target, thresholds) }));
  const [h] = reports;
  const c = reports.find(({ name }) => name === 'c');
  return { ...place, hidden: h.norm, total: h.total, totalCell: c?.total ?? null, flow: h.flow, states: reports };
}

/**
 * What a recurrent layer gives to the one above is its h, the directions side by side; so that the gradients of h are those of the boundary.
 * @param lowest of what the lowest layer reads  @param layers of every layer and direction, in order  @param target τ
 */
export function inputReports(lowest: { readonly total: Float64Array; readonly log10: Float64Array }, layers: readonly LayerReport[], target: number, thresholds: Thresholds): InputReport[] {
  const report = (boundary: number, total: Float64Array, log10: Float64Array) => ({ boundary, total, flow: flowReport(log10, target, thresholds) });
  const inputs = [report(0, lowest.total, lowest.log10)];
  for (let l = 0; l <= layers[layers.length - 1].layer; l++) {
    const directions = layers.filter(({ layer }) => layer === l);
    inputs.push(report(l + 1, joinedLengths(directions.map(({ total }) => total)), joinedLogarithms(directions.map(({ flow }) => flow.log10))));
  }
  return inputs;
}

function flowReport(log10: Float64Array, target: number, thresholds: Thresholds): FlowReport {
  return { target, log10, horizon: horizonOf(relativeTo(target, log10), target, thresholds) };
}
