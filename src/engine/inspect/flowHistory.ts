/**
 * The flows of one target over a run's training steps, of fixed size however long it trains. All rows are of the same text and
 * target, so that they can be compared: where the reader looks elsewhere, `HistoryKeeper` asks for the rows' own target beside
 * that. A stretch of training steps keeps two of its frames: the one whose gradient grows least and the one in which it grows
 * most, so that an explosion is never thinned away. When there are too many stretches they become twice as long.
 */
import { flowOfLane, reachOf, summaryOfLane, type Frame, type FrameHeader } from '../../protocol/frame';
import type { FlowLane, FlowOverTraining, SpectrumSample } from '../../protocol/overTraining';

/** A frame without its unit map. */
export interface HistoryRow extends Frame {
  /** The largest log₁₀ relative to the target's own step, over all lanes; Infinity where something is not finite. */
  readonly peak: number;
}

/** What all rows are of. */
export interface HistoryQuestion {
  /** As it is read by the model. */
  readonly text: string;
  /** τ, the step whose loss is traced back. */
  readonly target: number;
}

interface Stretch {
  /** Its training steps divided by `stepsPerStretch`, rounded down. */
  readonly index: number;
  readonly min: HistoryRow;
  readonly max: HistoryRow;
}

export interface HistoryLimits {
  readonly stretches: number;
  /** Numbers in all rows. */
  readonly numbers: number;
}

/** 2M float32 are 8 MB. */
const defaultLimits: HistoryLimits = { stretches: 256, numbers: 2_000_000 };
const maxOverflows = 1000;
/** With more, one is dropped where they are densest. */
const maxSpectra = 512;

type Question = Pick<FrameHeader, 'tokens' | 'target'>;

export class FlowHistory {
  private stretches: Stretch[] = [];
  private stepsPerStretch = 1;
  private newest: HistoryRow | null = null;
  private overflows: number[] = [];
  private samples: SpectrumSample[] = [];
  /** What more rows must be of; null while there is none, and of a file that does not say. */
  private asked: HistoryQuestion | null = null;

  /** @param hasOwnTexts see `FlowOverTraining` */
  constructor(
    private readonly limits: HistoryLimits = defaultLimits,
    private readonly hasOwnTexts = false,
  ) {}

  static withOwnTexts(): FlowHistory {
    return new FlowHistory(defaultLimits, true);
  }

  /** In order of training steps. */
  get rows(): readonly HistoryRow[] {
    const kept = new Set(
      this.stretches.flatMap(({ min, max }) => (stepOf(min) <= stepOf(max) ? [min, max] : [max, min])),
    );
    if (this.newest) kept.add(this.newest);
    return [...kept];
  }

  get question(): HistoryQuestion | null {
    return this.asked;
  }

  /** What rows are of from now on. */
  ask(question: HistoryQuestion): void {
    this.asked = question;
  }

  /** All rows, and what they were of. */
  forget(): void {
    this.clear();
    this.asked = null;
  }

  /** The newest training step of a row; null without rows. */
  get newestStep(): number | null {
    return this.newest && stepOf(this.newest);
  }

  get overflowSteps(): readonly number[] {
    return this.overflows;
  }

  /**
   * Keeps a copy of a frame's series. A frame of an earlier step means that the run went back: what came after is forgotten; one of another text or target,
   * that there is another question: all rows before it are.
   */
  add(frame: Frame): void {
    if (this.newest && !this.hasOwnTexts && !isSameQuestion(frame.header, this.newest.header)) this.clear();
    this.put(rowOf(frame, this.newest));
  }

  addOverflow(trainingStep: number): void {
    if (this.overflows.at(-1) === trainingStep) return;
    this.overflows.push(trainingStep);
    if (this.overflows.length > maxOverflows) this.overflows.shift();
  }

  /** In order of training steps. */
  get spectra(): readonly SpectrumSample[] {
    return this.samples;
  }

  addSpectrum(sample: SpectrumSample): void {
    this.samples = [...this.samples.filter(({ step }) => step < sample.step), sample];
    if (this.samples.length > maxSpectra) this.samples.splice(densest(this.samples), 1);
  }

  /** For a run that is resumed from an earlier step: forgets what came after it. */
  goBackTo(trainingStep: number): void {
    this.dropFrom(trainingStep + 1);
    this.overflows = this.overflows.filter((step) => step <= trainingStep);
    this.samples = this.samples.filter(({ step }) => step <= trainingStep);
  }

  /** The row whose training step is nearest. */
  at(trainingStep: number): Frame | null {
    let nearest: HistoryRow | null = null;
    for (const row of this.rows) {
      if (!nearest || Math.abs(stepOf(row) - trainingStep) < Math.abs(stepOf(nearest) - trainingStep)) nearest = row;
    }
    return nearest && { header: nearest.header, data: nearest.data };
  }

  lane(lane: FlowLane): FlowOverTraining {
    const { hasOwnTexts } = this;
    const found = this.rows.flatMap((row) => {
      const relative = relativeByLag(row, lane);
      return relative ? [{ row, relative }] : [];
    });
    const lags = found.reduce((max, { relative }) => Math.max(max, relative.length), 0);
    const values = new Float32Array(found.length * lags).fill(NaN);
    found.forEach(({ relative }, i) => values.set(relative, i * lags));
    return {
      lane,
      steps: Float64Array.from(found, ({ row }) => stepOf(row)),
      horizons: Float64Array.from(found, ({ row: { header } }) =>
        reachOf(summaryOfLane(header, lane.layer, lane.direction, lane.state)),
      ),
      lags,
      values,
      of: this.newest && !hasOwnTexts ? { tokens: this.newest.header.tokens, target: this.newest.header.target } : null,
      hasOwnTexts,
      spectra: this.samples,
      overflows: [...this.overflows],
    };
  }

  private clear(): void {
    this.stretches = [];
    this.stepsPerStretch = 1;
    this.newest = null;
    this.samples = [];
  }

  private put(row: HistoryRow): void {
    const step = stepOf(row);
    this.dropFrom(step);
    this.newest = row;
    const index = Math.floor(step / this.stepsPerStretch);
    const last = this.stretches.at(-1);
    const own: Stretch = { index, min: row, max: row };
    if (last?.index === index) this.stretches[this.stretches.length - 1] = merge(last, own);
    else this.stretches.push(own);
    while (
      this.stretches.length > 1 &&
      (this.stretches.length > this.limits.stretches || this.size > this.limits.numbers)
    )
      this.halve();
  }

  private dropFrom(trainingStep: number): void {
    if (this.newest && stepOf(this.newest) >= trainingStep) this.newest = null;
    for (
      let last = this.stretches.at(-1);
      last && stepsOf(last).some((step) => step >= trainingStep);
      last = this.stretches.at(-1)
    ) {
      this.stretches.pop();
      const [kept] = [last.min, last.max].filter((row) => stepOf(row) < trainingStep);
      if (!(kept as HistoryRow | undefined)) continue;
      this.stretches.push({ index: last.index, min: kept, max: kept });
      break;
    }
  }

  private get size(): number {
    return this.rows.reduce((sum, { data }) => sum + data.length, 0);
  }

  private halve(): void {
    this.stepsPerStretch *= 2;
    const halved: Stretch[] = [];
    for (const { index, min, max } of this.stretches) {
      const longer: Stretch = { index: Math.floor(index / 2), min, max };
      const before = halved.at(-1);
      if (before?.index === longer.index) halved[halved.length - 1] = merge(before, longer);
      else halved.push(longer);
    }
    this.stretches = halved;
  }
}

/** Place of the one whose neighbors are nearest to each other; never the first or the last. */
function densest(samples: readonly SpectrumSample[]): number {
  let best = 1;
  const gap = (i: number): number => samples[i + 1].step - samples[i - 1].step;
  for (let i = 2; i < samples.length - 1; i++) if (gap(i) < gap(best)) best = i;
  return best;
}

function merge(a: Stretch, b: Stretch): Stretch {
  return {
    index: a.index,
    min: b.min.peak < a.min.peak ? b.min : a.min,
    max: b.max.peak >= a.max.peak ? b.max : a.max,
  };
}

/** The symbols are shared with the row before, where they are the same. */
export function rowOf({ header, data }: Frame, before: HistoryRow | null): HistoryRow {
  const tokens = before && isSameText(before.header, header) ? before.header.tokens : header.tokens;
  const kept: { -readonly [K in keyof FrameHeader]: FrameHeader[K] } = {
    ...header,
    tokens,
    unitMap: { ...header.unitMap, units: 0 },
  };
  // What the page has chosen lies behind the series; the text is not asked for again.
  delete kept.lane;
  delete kept.heads;
  delete kept.spectrum;
  delete kept.probe;
  const row = { header: kept, data: data.slice(0, header.unitMap.offset) };
  return { ...row, peak: peakOf(row) };
}

function peakOf(frame: Frame): number {
  let peak = -Infinity;
  const { flows, inputs = [] } = frame.header;
  const lanes: FlowLane[] = [...flows];
  // A model without states.
  if (flows.length === 0)
    for (const { boundary } of inputs) lanes.push({ layer: boundary, direction: 'forward', state: null });
  for (const lane of lanes) {
    for (const relative of relativeByLag(frame, lane) ?? []) if (relative > peak) peak = relative;
  }
  return peak;
}

/** From the target back, in the direction's own order: r at lag 0, 1, 2, … Infinity where something is not finite. */
function relativeByLag(frame: Frame, { layer, direction, state }: FlowLane): Float32Array | null {
  const flow = flowOfLane(frame, layer, direction, state);
  if (!flow) return null;
  const { target } = frame.header;
  const own = flow[target];
  const back = direction === 'forward' ? -1 : 1;
  return Float32Array.from({ length: direction === 'forward' ? target + 1 : flow.length - target }, (_, lag) => {
    const value = flow[target + back * lag];
    if (!Number.isFinite(value)) return value;
    return Number.isFinite(own) ? value - own : Infinity;
  });
}

function stepOf({ header }: HistoryRow): number {
  return header.trainingStep;
}

function stepsOf({ min, max }: Stretch): number[] {
  return [stepOf(min), stepOf(max)];
}

/** Whether two frames are of one text and one target. */
export function isSameQuestion(a: Question, b: Question): boolean {
  return a.target === b.target && isSameText(a, b);
}

function isSameText(a: Question, b: Question): boolean {
  return (
    a.tokens === b.tokens ||
    (a.tokens.length === b.tokens.length && a.tokens.every((token, i) => token === b.tokens[i]))
  );
}
