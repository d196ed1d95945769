/** Reports of series as a frame holds them: the lanes' summaries in its header, their numbers in its data. */
import type { Direction } from '../layers/direction';
import type { FlowRegion, FlowSummary, Frame, FrameHeader, LaneState, SeriesEntry, SeriesName } from './frame';
import type { SeriesReport } from './graph';

/** Which lane a series is. */
export interface FrameLane {
  readonly layer: number;
  readonly direction: Direction;
  readonly state: LaneState;
}

export interface PlacedSeries {
  readonly report: SeriesReport;
  readonly lane: FrameLane;
}

/** Of a frame without layers: the series' place in its list. */
export function laneOfSeries({ isReversed }: Pick<SeriesReport, 'isReversed'>, index: number): FrameLane {
  return { layer: index, direction: isReversed ? 'backward' : 'forward', state: null };
}

/** A frame of these series and no unit map. @param header what the series do not say; of its T tokens each series has T values */
export function frameOfSeries(
  header: Omit<FrameHeader, 'flows' | 'regions' | 'series' | 'unitMap'>,
  placed: readonly PlacedSeries[],
): Frame {
  const T = header.tokens.length;
  const series: SeriesEntry[] = [];
  const values: Float64Array[] = [];
  const add = (name: SeriesName, lane: FrameLane, added: Float64Array) => {
    series.push({ name, ...lane, offset: values.length * T });
    values.push(added);
  };
  const flows: FlowSummary[] = [];
  const regions: FlowRegion[] = [];
  for (const { report, lane } of placed) {
    add('norm', lane, report.norm);
    if (report.total) add('total', lane, report.total.map(Math.log10));
    if (!report.flow) continue;
    add('flow', lane, report.flow.log10);
    const { horizon, level } = report.flow;
    flows.push({ ...lane, horizon, slope: report.slope, ...(level && { level }) });
    for (const region of report.regions) regions.push({ ...lane, ...region });
  }
  const data = new Float32Array(values.length * T);
  values.forEach((each, i) => data.set(each, i * T));
  return {
    header: {
      ...header,
      flows,
      regions,
      series,
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: data.length },
    },
    data,
  };
}
