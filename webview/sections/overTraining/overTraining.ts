/** The rows of the flow over training that the page has: those the engine gave, and those of the frames that came since. */
import { flowOfLane, reachOf, summaryOfLane, type Frame, type FrameHeader } from '../../../src/protocol/frame';
import type { FlowLane, FlowOverTraining, SpectrumSample } from '../../../src/protocol/overTraining';

/** Rows from which the engine is asked for its own, thinned ones again. */
const maxRows = 1200;

export interface OverTrainingRow {
  readonly step: number;
  /** Tokens; NaN where the gradient never falls below the vanishing threshold, or is level. */
  readonly horizon: number;
  /** r at lag 0, 1, 2, …; shorter than others where the text has no more. */
  readonly relative: Float32Array;
}

export class OverTraining {
  private kept: OverTrainingRow[] = [];
  private overflowed: readonly number[] = [];
  private samples: readonly SpectrumSample[] = [];
  private lane: FlowLane | null = null;
  /** The text and target of every row. */
  private question: FlowOverTraining['of'] = null;
  /** Whether each row has a text of its own. */
  hasOwnTexts = false;
  /** Counts every change, so that nothing is drawn needlessly. */
  version = 0;

  get rows(): readonly OverTrainingRow[] {
    return this.kept;
  }

  /** What all rows are of; null without rows, and where each has a text of its own: those the engine alone has. */
  get of(): FlowOverTraining['of'] {
    return this.question;
  }

  get overflows(): readonly number[] {
    return this.overflowed;
  }

  /** In order of training steps; fewer than rows. */
  get spectra(): readonly SpectrumSample[] {
    return this.samples;
  }

  /** Whether the engine has answered; until then frames are of no use here. */
  get isLoaded(): boolean {
    return this.lane !== null;
  }

  get isFull(): boolean {
    return this.kept.length > maxRows;
  }

  get lags(): number {
    return this.kept.reduce((max, { relative }) => Math.max(max, relative.length), 0);
  }

  clear(): void {
    this.kept = [];
    this.overflowed = [];
    this.samples = [];
    this.lane = this.question = null;
    this.version++;
  }

  load({ lane, of, hasOwnTexts, steps, horizons, lags, values, spectra, overflows }: FlowOverTraining): void {
    this.lane = lane;
    this.kept = Array.from(steps, (step, row) => ({
      step,
      horizon: horizons[row],
      relative: trimmed(values.subarray(row * lags, (row + 1) * lags)),
    }));
    this.question = of;
    this.hasOwnTexts = hasOwnTexts;
    this.overflowed = overflows;
    this.samples = spectra;
    this.version++;
  }

  /**
   * A frame of the run as it is now; one of the newest step again replaces that. Returns whether the engine has, or may have, a row that is not here: of
   * another text or target a frame is none, and the engine keeps one of the rows' own beside it.
   */
  add({ header, data }: Frame): boolean {
    if (!this.lane) return false;
    const { spectrum } = header;
    if (spectrum) this.samples = [...this.samples.filter(({ step: before }) => before < spectrum.step), spectrum];
    if (!this.isOf(header)) return this.kept.at(-1)?.step !== header.trainingStep;
    const { layer, direction, state } = this.lane;
    const flow = flowOfLane({ header, data }, layer, direction, state);
    if (!flow) return false;
    const { trainingStep: step, target, tokens } = header;
    while (this.kept.length > 0 && this.kept[this.kept.length - 1].step >= step) this.kept.pop();
    const back = direction === 'forward' ? -1 : 1;
    const relative = Float32Array.from(
      { length: direction === 'forward' ? target + 1 : tokens.length - target },
      (_, lag) => {
        const value = flow[target + back * lag];
        if (!Number.isFinite(value)) return value;
        return Number.isFinite(flow[target]) ? value - flow[target] : Infinity;
      },
    );
    const horizon = reachOf(summaryOfLane(header, layer, direction, state));
    this.kept.push({ step, horizon, relative });
    this.version++;
    return false;
  }

  private isOf({ target, tokens }: FrameHeader): boolean {
    const { question: of } = this;
    if (of?.target !== target) return false;
    return (
      of.tokens === tokens || (of.tokens.length === tokens.length && of.tokens.every((token, t) => token === tokens[t]))
    );
  }

  /** Index of the row that is nearest to a step; −1 without rows. */
  nearest(step: number): number {
    let best = -1;
    this.kept.forEach((row, i) => {
      if (best < 0 || Math.abs(row.step - step) < Math.abs(this.kept[best].step - step)) best = i;
    });
    return best;
  }
}

/** Without what the text of that row has not. */
function trimmed(values: Float32Array): Float32Array {
  let end = values.length;
  while (end > 0 && Number.isNaN(values[end - 1])) end--;
  return values.subarray(0, end);
}
