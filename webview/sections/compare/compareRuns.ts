/** The runs that a comparison shows, and what of each is drawn: one lane of a frame, and its losses. */
import type { Frame, SeriesSummary } from '../../../src/protocol/frame';
import type { ComparedRun, MetricRows, PanelStatus } from '../../../src/pageContract/messages';
import type { SpectrumSample } from '../../../src/protocol/overTraining';
import { progressColumns, type RunDescription } from '../../../src/protocol/run';
import { isCommonStep } from '../../../src/terms/commonSteps';
import { Metrics } from '../../shared/charts/metrics';
import { flowRows, inputRows, type FlowRow } from '../../shared/flowRows';

const endedStates: readonly PanelStatus['state'][] = ['stopped', 'finished', 'failed'];
const [stepColumn, lossColumn] = [progressColumns.indexOf('step'), progressColumns.indexOf('loss')];

export class RunInView {
  readonly metrics = new Metrics();
  readonly run: RunDescription;
  /** As the message has it. */
  readonly change: string | null;
  /** It has trained while it was looked at. */
  hasTrained = false;
  frame: Frame | null = null;
  /** The highest boundary first. */
  rows: readonly FlowRow[] = [];
  failure: string | null = null;
  private now: PanelStatus;
  /** Losses of the steps at which all runs are looked at, nats per token. */
  private readonly losses = new Map<number, number>();

  /** The largest Lyapunov exponent at some of those steps, nats per token. */
  private exponents = new Map<number, number>();

  constructor({ run, status, history, change }: ComparedRun) {
    this.run = run;
    this.change = change;
    this.now = status;
    this.become(status);
    this.progress(history);
  }

  /** Of now, which can be later than what is shown. */
  get status(): PanelStatus {
    return this.now;
  }

  become(status: PanelStatus): void {
    this.now = status;
    if (!endedStates.includes(status.state)) this.hasTrained = true;
  }

  accept(frame: Frame): void {
    this.frame = frame;
    this.rows = frame.header.graph ? flowRows(frame) : inputRows(frame);
    this.failure = null;
  }

  acceptSpectra(spectra: readonly SpectrumSample[]): void {
    this.exponents = new Map(spectra.map(({ step, exponent }) => [step, exponent]));
  }

  fail(message: string): void {
    this.failure = message;
    this.frame = null;
    this.rows = [];
  }

  progress(rows: MetricRows): void {
    this.metrics.add(rows);
    for (let at = 0; at + progressColumns.length <= rows.rows.length; at += progressColumns.length) {
      const step = rows.rows[at + stepColumn];
      if (isCommonStep(step)) this.losses.set(step, rows.rows[at + lossColumn]);
    }
  }

  /**
   * Of the step that is shown; of one at which not all runs are looked at it is not kept, and undefined once the run has gone on. The probe's where nothing is
   * trained. Nats per token.
   */
  get loss(): number | undefined {
    const step = this.frame?.header.trainingStep;
    const isPast = step !== undefined && step < this.now.step;
    if (isPast && this.metrics.latest) return this.losses.get(step);
    return this.metrics.latest?.loss ?? this.frame?.header.loss;
  }

  get exponentSteps(): readonly number[] {
    return [...this.exponents.keys()];
  }

  exponentAt(step: number): number | undefined {
    return this.exponents.get(step);
  }

  /** The input gradient of the lowest boundary, in graph mode that of the embedding: what the runs are compared by. */
  get lane(): FlowRow | undefined {
    return this.rows.find(({ isMain }) => isMain);
  }

  get summary(): SeriesSummary | undefined {
    return this.lane?.summary;
  }
}

/** The largest exponent of each run, undefined of one that has none, at the latest step up to what is shown at which all runs that have any have one; null where there is none. */
export function exponentsAtEqualSteps(
  runs: readonly RunInView[],
): { readonly step: number; readonly exponents: readonly (number | undefined)[] } | null {
  const having = runs.filter((run) => run.exponentSteps.length > 0);
  const shown = Math.min(...having.map(({ frame }) => frame?.header.trainingStep ?? Infinity));
  const steps = (having.at(0)?.exponentSteps ?? []).filter(
    (step) => step <= shown && having.every((run) => run.exponentAt(step) !== undefined),
  );
  if (steps.length === 0) return null;
  const step = Math.max(...steps);
  return { step, exponents: runs.map((run) => run.exponentAt(step)) };
}

/** Whether those that train are all shown at one step. */
export function areAtEqualSteps(runs: readonly RunInView[]): boolean {
  const steps = runs.flatMap(({ hasTrained, frame }) => (hasTrained && frame ? [frame.header.trainingStep] : []));
  return new Set(steps).size < 2;
}

/** Whether two runs read the probe by the same tokens, so that their columns mean the same. */
export function isAligned(a: Frame, b: Frame): boolean {
  const [x, y] = [a.header.tokens, b.header.tokens];
  // What one vocabulary lacks another may know: the symbols of one text then differ, its tokens do not.
  if (a.header.probe !== undefined && a.header.probe === b.header.probe) return x.length === y.length;
  return x === y || (x.length === y.length && x.every((token, t) => token === y[t]));
}
