/** An output's flow of one target as a frame, which the figures draw. */
import type { Frame } from '../../src/protocol/frame';
import { frameOfSeries, laneOfSeries } from '../../src/protocol/seriesFrame';
import { seriesReport } from '../../src/protocol/seriesReport';
import type { FlowOutput } from './flowOutput';

/** @param index of the target among the output's */
export function outputFrame(output: FlowOutput, index: number): Frame {
  const { series, steps, thresholds } = output;
  const target = output.targets[index];
  const choices = series.map(({ name, role, width, isReversed }) => ({ name, role, width, isReversed }));
  const placed = series.map(({ norm, total, flows }, i) => ({
    report: seriesReport(choices[i], { norm, total, log10: flows[index] }, target, thresholds),
    lane: laneOfSeries(choices[i], i),
  }));
  const header = {
    sequence: 0,
    trainingStep: output.trainingStep ?? 0,
    layers: [],
    graph: { series: choices, notices: [] },
    tokens: output.tokens ?? Array.from({ length: steps }, () => '·'),
    lastTarget: '',
    target,
    loss: NaN,
    thresholds,
  };
  return frameOfSeries(header, placed);
}
