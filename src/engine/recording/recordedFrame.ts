/** What the recorder measured at one step, as a frame: in the lanes of the model that was read again, or, where there is none, a lane for each series. */
import type { RecordedStep } from '../../formats/recording/stepFile';
import type { Watch } from '../../protocol/engine';
import type { Frame } from '../../protocol/frame';
import { frameOfSeries, laneOfSeries, type PlacedSeries } from '../../protocol/seriesFrame';
import type { Message } from '../../messages';
import type { Thresholds } from '../../terms/regions';
import { choiceOf, seriesReports } from './recordedSeries';
import type { RecordedLanes } from './recordedLanes';

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
  const { layers, laneOf, sequence, target, thresholds, loss, tokens, lastTarget, shown, notices } = facts;
  const isShown = ({ name }: { readonly name: string }) => shown?.includes(name) ?? true;
  const placed = seriesReports(step, target, thresholds)
    .filter(isShown)
    .flatMap((report, index): PlacedSeries[] => {
      const lane = layers.length > 0 ? laneOf(report.name) : laneOfSeries(report, index);
      return lane ? [{ report, lane }] : [];
    });
  const header = {
    sequence,
    trainingStep: step.step,
    layers,
    ...(layers.length === 0 && { graph: { series: step.series.filter(isShown).map(choiceOf), notices } }),
    probe: '',
    tokens,
    lastTarget,
    target,
    loss: loss ?? NaN,
    thresholds,
  };
  return frameOfSeries(header, placed);
}
