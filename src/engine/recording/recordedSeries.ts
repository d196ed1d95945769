/** What the recorder measured, as reports and frames need it. */
import type { RecordedSeries, RecordedStep } from '../../formats/recording/stepFile';
import type { SeriesChoice, SeriesReport } from '../../protocol/graph';
import { stateNamed, stateNames } from '../../layers/catalog';
import { seriesReport } from '../../protocol/seriesReport';
import type { LengthSeries } from '../nonFinite/series';
import type { Thresholds } from '../../terms/regions';

/** For one target: of another than the recorded one there is a flow where there is a matrix. */
export function seriesReports(step: RecordedStep, target: number, thresholds: Thresholds): SeriesReport[] {
  return step.series.map((series) => {
    const { norm, total } = series;
    return seriesReport(choiceOf(series), { norm, total, log10: flowTo(series, step, target) }, target, thresholds);
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
