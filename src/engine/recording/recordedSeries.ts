/** What the recorder measured, as reports and frames need it. */
import { measuresOf } from '../../core/analysis/regions';
import type { RecordedSeries, RecordedStep } from '../../formats/recording/stepFile';
import type { SeriesChoice, SeriesReport } from '../../protocol/graph';
import { stateNamed, stateNames } from '../../layers/catalog';
import type { LengthSeries } from '../nonFinite/series';
import { regionsOf, relativeTo, type Thresholds } from '../../terms/regions';

/** For one target: of another than the recorded one there is a flow where there is a matrix. */
export function seriesReports(step: RecordedStep, target: number, thresholds: Thresholds): SeriesReport[] {
  return step.series.map((series): SeriesReport => {
    const log10 = flowTo(series, step, target);
    const relative = log10 && relativeTo(target, log10);
    const measures = relative && measuresOf(relative, target, series.direction ?? 'forward', thresholds);
    return {
      ...choiceOf(series),
      norm: series.norm,
      total: series.total,
      flow: log10 && measures && { target, log10, horizon: measures.horizon, level: measures.level },
      regions: relative ? regionsOf(relative, thresholds) : [],
      slope: measures && measures.slope,
    };
  });
}

/** As they are looked through for lengths that leave float32. */
export function lengthSeries({ series }: RecordedStep): LengthSeries[] {
  return series.map(({ name, layer, direction, state, width, norm, total }) => ({
    name,
    layer,
    direction,
    quantity: stateNames.find((each) => stateNamed(each).symbol === state) ?? 'output',
    width,
    isReversed: direction === 'backward',
    norm,
    total,
  }));
}

export function choiceOf({ name, role, width, direction }: RecordedSeries): SeriesChoice {
  return { name, role, width, isReversed: direction === 'backward' };
}

function flowTo(
  { flow, matrix }: RecordedSeries,
  { steps, target: recorded }: RecordedStep,
  target: number,
): Float64Array | null {
  if (target === recorded) return flow;
  return matrix && matrix.slice(target * steps, (target + 1) * steps);
}
