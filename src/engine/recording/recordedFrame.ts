/** What the recorder measured at one step, as a frame: in the lanes of the model that was read again, or, where there is none, a lane for each series. */
import type { RecordedStep } from '../../formats/recording/stepFile';
import type { Watch } from '../../protocol/engine';
import type { FlowRegion, FlowSummary, Frame, FrameHeader, SeriesEntry, SeriesName } from '../../protocol/frame';
import type { SeriesReport } from '../../protocol/graph';
import type { Message } from '../../messages';
import type { Thresholds } from '../../terms/regions';
import { choiceOf, seriesReports } from './recordedSeries';
import type { RecordedLane, RecordedLanes } from './recordedLanes';

export interface FrameFacts extends RecordedLanes {
  readonly sequence: number;
  readonly target: number;
  readonly thresholds: Thresholds;
  readonly loss: number | null;
  /** T, and what follows them. */
  readonly tokens: readonly string[];
  readonly lastTarget: string;
  /** Names of the series that are shown; null for all. */
  readonly shown: Watch['series'] | null;
  readonly notices: readonly Message[];
}

export function recordedFrame(step: RecordedStep, facts: FrameFacts): Frame {
  const T = step.steps;
  const { layers, laneOf, sequence, target, thresholds, loss, tokens, lastTarget, shown, notices } = facts;
  const reports = seriesReports(step, target, thresholds).filter(({ name }) => shown?.includes(name) ?? true);
  const placed = reports.flatMap((report, index): { report: SeriesReport; lane: RecordedLane }[] => {
    const lane = layers.length > 0 ? laneOf(report.name) : seriesLane(report, index);
    return lane ? [{ report, lane }] : [];
  });
  const series: SeriesEntry[] = [];
  const values: Float64Array[] = [];
  const add = (name: SeriesName, lane: RecordedLane, added: Float64Array) => {
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
  const header: FrameHeader = {
    sequence,
    trainingStep: step.step,
    layers,
    ...(layers.length === 0 && {
      graph: {
        series: step.series.filter(({ name }) => shown?.includes(name) ?? true).map(choiceOf),
        notices,
      },
    }),
    probe: '',
    tokens,
    lastTarget,
    target,
    loss: loss ?? NaN,
    thresholds,
    flows,
    regions,
    series,
    unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: data.length },
  };
  return { header, data };
}

function seriesLane({ isReversed }: SeriesReport, index: number): RecordedLane {
  return { layer: index, direction: isReversed ? 'backward' : 'forward', state: null };
}
