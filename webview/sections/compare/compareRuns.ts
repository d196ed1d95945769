/** The runs that a comparison shows, and what of each is drawn: one lane of its newest frame, and its losses. */
import type { FlowSummary, Frame } from '../../../src/protocol/frame';
import type { ComparedRun, MetricRows, PanelStatus } from '../../../src/pageContract/messages';
import type { RunDescription } from '../../../src/protocol/run';
import { Metrics } from '../../shared/charts/metrics';
import { flowRows, type FlowRow } from '../../shared/flowRows';

export class RunInView {
  readonly metrics = new Metrics();
  readonly run: RunDescription;
  status: PanelStatus;
  frame: Frame | null = null;
  /** Top layer first. */
  rows: readonly FlowRow[] = [];
  failure: string | null = null;

  constructor({ run, status, history }: ComparedRun) {
    this.run = run;
    this.status = status;
    this.metrics.add(history);
  }

  accept(frame: Frame): void {
    this.frame = frame;
    this.rows = flowRows(frame);
    this.failure = null;
  }

  progress(rows: MetricRows): void {
    this.metrics.add(rows);
  }

  /** The top layer, of an LSTM its cell state, which carries the gradient; in graph mode the embedding: what the runs are compared by. */
  get lane(): FlowRow | undefined {
    return this.rows.find(({ isMain }) => isMain);
  }

  get summary(): FlowSummary | undefined {
    return this.lane?.summary;
  }
}

/** Whether two runs read the probe by the same tokens, so that their columns mean the same. */
export function isAligned(a: Frame, b: Frame): boolean {
  const [x, y] = [a.header.tokens, b.header.tokens];
  // What one vocabulary lacks another may know: the symbols of one text then differ, its tokens do not.
  if (a.header.probe !== undefined && a.header.probe === b.header.probe) return x.length === y.length;
  return x === y || (x.length === y.length && x.every((token, t) => token === y[t]));
}
