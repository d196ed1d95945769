/** A text that a graph has read, and the gradients of its losses by any of the graph's series. */
import { differentiatingIn } from '../../../core/graph/backward';
import type { Gradient } from '../../../core/graph/gradient';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { Turns } from '../../../core/graph/turns';
import { logProbabilities, lossSeeds } from '../../../modelFiles/onnx/graphMode/losses';
import {
  addElements,
  log10NormOf,
  normOf,
  slabsOf,
  type Series,
  type Slab,
} from '../../../modelFiles/onnx/graphMode/series';
import {
  beginningOfText,
  carriedBy,
  runText,
  scoreRows,
  type TextRun,
} from '../../../modelFiles/onnx/graphMode/textRun';
import { joinedSeeds, scoreSeeds } from './seeds';
import { callsAtOnce, loose, part, tapeWithin, type ReadingSource, type Segment } from './segments';

/** A gradient that a way back gives: of the losses of these targets, each with the same weight. */
interface Traced {
  readonly targets: readonly number[];
  readonly weight: number;
}

/** What one way back hands out: of step t of a series its elements and ∂/∂ them, undefined where nothing flows. */
type Visit = (series: number, t: number, slab: Slab, gradient: Gradient | undefined) => void;

/** Targets that are traced back at once, and elements of a gradient of all of them. */
const maxTargets = 64;
const maxGradient = 2 ** 21;

export class GraphReading {
  private constructor(
    private readonly source: ReadingSource,
    /** T inputs and the last target. */
    private readonly ids: ArrayLike<number>,
    /** −ln p of every symbol's successor, by step. */
    readonly losses: Float64Array,
    /** ℓ_t less the entropy of what was predicted, by step, nats. */
    readonly surprises: Float64Array,
    private readonly segments: readonly Segment[],
    /** Of the only segment; null where there are several, or a run for each prefix. */
    private readonly kept: TextRun | null,
  ) {}

  /** @param ids T inputs and the last target  @param made a run of the inputs, where there is one  Throws TapeFull, and the OperatorError of a node that is in the way. */
  static *read(source: ReadingSource, ids: ArrayLike<number>, made: TextRun | null = null): Turns<GraphReading> {
    const { program, use, maxTape } = source;
    const T = ids.length - 1;
    const [losses, surprises] = [new Float64Array(T), new Float64Array(T)];
    const note = (run: TextRun, from: number) => {
      for (const row of scoreRows(run, use, use.scores)) {
        const logs = logProbabilities(row, use.scores.size, use.scores.form);
        const step = from + row.step;
        losses[step] = -logs[ids[step + 1]];
        // Of a probability that is zero nothing is expected.
        surprises[step] =
          losses[step] + logs.reduce((sum, log) => sum + (log === -Infinity ? 0 : Math.exp(log) * log), 0);
      }
    };
    if (use.way === 'prefixes') {
      for (let t = 0; t < T; t++) note(yield* runText(program, use, part(ids, 0, t + 1), tapeWithin(maxTape)), 0);
      return new GraphReading(source, ids, losses, surprises, [], null);
    }
    if (use.way === 'whole') {
      const run = made ?? (yield* runText(program, use, part(ids, 0, T), tapeWithin(maxTape)));
      note(run, 0);
      return new GraphReading(source, ids, losses, surprises, [{ from: 0, to: T, beginning: beginningOfText }], run);
    }
    const segments: Segment[] = [];
    let beginning = beginningOfText;
    let run: TextRun | null = null;
    for (let from = 0; from < T;) {
      const to = Math.min(T, from + (yield* callsAtOnce(source, ids, segments, T)));
      run = yield* runText(program, use, part(ids, from, to), new Tape(), beginning);
      note(run, from);
      segments.push({ from, to, beginning });
      beginning = { position: to, carried: loose(carriedBy(run.calls[run.calls.length - 1], use)) };
      from = to;
    }
    return new GraphReading(source, ids, losses, surprises, segments, segments.length === 1 ? run : null);
  }

  get steps(): number {
    return this.losses.length;
  }

  get loss(): number {
    return this.losses.reduce((sum, loss) => sum + loss, 0) / this.steps;
  }

  /** ‖s_t‖ of each series; NaN where the graph does not compute s_t. */
  *norms(series: readonly Series[]): Turns<Float64Array[]> {
    const norms = series.map(() => new Float64Array(this.steps).fill(NaN));
    const { use } = this.source;
    const parts = use.way === 'prefixes' ? [this.steps - 1] : this.segments.map(({ from }) => from);
    for (const part of parts) {
      const { run, from } = yield* this.runOf(part);
      series.forEach((each, s) => {
        slabsOf(each, run).forEach((slab, t) => {
          norms[s][from + t] = normOf(slab, each.batch);
        });
      });
    }
    return norms;
  }

  /** The elements of s_t, T × width, time-major; of a batch of equal texts those of all. NaN where the graph does not compute s_t. */
  *elements(series: Series): Turns<Float32Array> {
    const { use } = this.source;
    const width = series.width * series.batch;
    const elements = new Float32Array(this.steps * width).fill(NaN);
    const parts = use.way === 'prefixes' ? [this.steps - 1] : this.segments.map(({ from }) => from);
    for (const part of parts) {
      const { run, from } = yield* this.runOf(part);
      slabsOf(series, run).forEach(({ variable, start, length, apart, count }, t) => {
        const { data } = variable.tensor;
        for (let o = 0; o < count; o++)
          for (let i = 0; i < length; i++) elements[(from + t) * width + o * length + i] = data[start + o * apart + i];
      });
    }
    return elements;
  }

  /** log₁₀‖∂ℓ_τ/∂s_t‖ of each series; NaN where s_t cannot reach τ, −∞ where it is exactly zero. */
  *flow(series: readonly Series[], target: number): Turns<Float64Array[]> {
    const logs = series.map(() => new Float64Array(this.steps).fill(NaN));
    yield* this.back(series, [{ targets: [target], weight: 1 }], (s, t, slab, gradient) => {
      logs[s][t] = flowOf(series[s], t, target, slab, gradient);
    });
    return logs;
  }

  /** `flow` and `totals` by one way back. */
  *flowAndTotals(series: readonly Series[], target: number): Turns<{ flows: Float64Array[]; totals: Float64Array[] }> {
    const { steps } = this;
    if (this.source.use.way === 'prefixes')
      return { flows: yield* this.flow(series, target), totals: yield* this.totals(series) };
    const flows = series.map(() => new Float64Array(steps).fill(NaN));
    const totals = series.map(() => new Float64Array(steps).fill(NaN));
    const both = [{ targets: [target], weight: 1 }, this.mean];
    yield* this.back(series, both, (s, t, slab, gradient) => {
      flows[s][t] = flowOf(series[s], t, target, slab, gradient);
      totals[s][t] = 10 ** log10NormOf(slabOf(slab, 1), gradient);
    });
    return { flows, totals };
  }

  /** The same of several targets at once, one series: a row for each. @param targets in order */
  *flowOfTargets(series: Series, targets: readonly number[]): Turns<Float64Array[]> {
    const rows = targets.map((): Float64Array => new Float64Array(this.steps).fill(NaN));
    if (this.source.use.way === 'prefixes' || targets.length === 1) {
      for (const [row, target] of targets.entries()) [rows[row]] = yield* this.flow([series], target);
      return rows;
    }
    yield* this.back(
      [series],
      targets.map((target) => ({ targets: [target], weight: 1 })),
      (_, t, slab, gradient) => {
        targets.forEach((target, row) => {
          rows[row][t] = flowOf(series, t, target, slabOf(slab, row), gradient);
        });
      },
    );
    return rows;
  }

  /** How many targets are best traced back at once: so many that small tensors make work of a good size, and large ones do not fill the memory. */
  get targetsAtOnce(): number {
    const sizes = this.kept?.tape.steps.flatMap(({ outputs }) => outputs.map(({ size }) => size)) ?? [];
    const largest = sizes.reduce((max, size) => Math.max(max, size), 1);
    return Math.max(1, Math.min(maxTargets, Math.floor(maxGradient / largest)));
  }

  /**
   * The same text without its end, which costs less to trace back; this reading itself where it is to be read in one piece, as by a graph that reads
   * later tokens.
   */
  *beginning(steps: number): Turns<GraphReading> {
    const { source, ids, losses } = this;
    const { way, ids: input } = source.use;
    if (way !== 'whole' || input.length !== null || steps >= this.steps) return this;
    const reading = yield* GraphReading.read(source, part(ids, 0, steps + 1));
    const isSame = reading.losses.every((loss, t) => Math.abs(loss - losses[t]) <= 1e-9 * (1 + Math.abs(loss)));
    return isSame ? reading : this;
  }

  /** The mean loss. */
  private get mean(): Traced {
    return { targets: Array.from({ length: this.steps }, (_, t) => t), weight: 1 / this.steps };
  }

  /** ‖∂L/∂s_t‖ of each series, L the mean loss. */
  *totals(series: readonly Series[]): Turns<Float64Array[]> {
    const { steps } = this;
    if (this.source.use.way !== 'prefixes') {
      const totals = series.map(() => new Float64Array(steps).fill(NaN));
      yield* this.back(series, [this.mean], (s, t, slab, gradient) => {
        totals[s][t] = 10 ** log10NormOf(slab, gradient);
      });
      return totals;
    }
    // Each target has a run of its own: of one step the gradients are summed before they have a size.
    const sums = series.map(() => Array.from({ length: steps }, () => new Float64Array(0)));
    yield* this.back(series, [this.mean], (s, t, slab, gradient) => {
      if (!gradient) return;
      const size = slab.length * slab.count;
      if (sums[s][t].length !== size) sums[s][t] = new Float64Array(size);
      addElements(sums[s][t], slab, gradient.toFloat64());
    });
    return sums.map((ofSteps) =>
      Float64Array.from(ofSteps, (sum) => Math.sqrt(sum.reduce((total, x) => total + x * x, 0))),
    );
  }

  /** ln p of every symbol after step t. */
  *predictions(t: number): Turns<Float64Array> {
    const { use } = this.source;
    const { run, from } = yield* this.runOf(t);
    const row = scoreRows(run, use, use.scores).find(({ step }) => from + step === t);
    if (!row) throw new Error(`no scores of step ${t}`);
    return logProbabilities(row, use.scores.size, use.scores.form);
  }

  /** The score of a symbol after step t: its logit, or its log-probability where the graph gives probabilities. */
  *score(t: number, symbol: number): Turns<number> {
    const { use } = this.source;
    const { run, from } = yield* this.runOf(t);
    const row = scoreRows(run, use, use.scores).find(({ step }) => from + step === t);
    if (!row) throw new Error(`no scores of step ${t}`);
    const value = row.variable.tensor.data[row.offset + symbol * row.stride];
    return use.scores.form === 'probabilities' ? Math.log(value) : value;
  }

  /** Σ over the elements of s_t of ∂score/∂s_t ⊙ s_t, of the score of one symbol after step τ. */
  *gradientTimesInput(series: Series, target: number, symbol: number): Turns<Float64Array> {
    const parts = new Float64Array(this.steps);
    yield* this.back(
      [series],
      [{ targets: [target], weight: 1 }],
      (_, t, slab, gradient) => {
        if (!gradient) return;
        const plain = gradient.toFloat64();
        const { data } = slab.variable.tensor;
        for (let o = 0; o < slab.count; o++)
          for (let i = slab.start + o * slab.apart; i < slab.start + o * slab.apart + slab.length; i++)
            parts[t] += plain[i] * data[i];
      },
      symbol,
    );
    return parts;
  }

  /**
   * The way back from some losses, the gradients of each one behind the other; or from the score of one symbol.
   * @param traced one alone where each prefix has a run of its own
   * @param visit each step of each series once; where each prefix has a run of its own, once for each target
   */
  private *back(
    series: readonly Series[],
    traced: readonly Traced[],
    visit: Visit,
    symbol: number | null = null,
  ): Turns<void> {
    const { use, program, maxTape } = this.source;
    const { scores } = use;
    const targets = traced.flatMap((each) => each.targets);
    const seedsOf = (run: TextRun, from: number) => {
      const rows = scoreRows(run, use, scores);
      const following = part(this.ids, from + 1, this.ids.length);
      const ofEach = traced.map(({ targets: own, weight }) => {
        const wanted = new Set(own);
        const traceable = rows.filter(({ step }) => wanted.has(from + step));
        return symbol === null
          ? lossSeeds(traceable, following, scores.size, scores.form, weight)
          : scoreSeeds(traceable, symbol, scores.form);
      });
      return ofEach.length === 1 ? ofEach[0] : joinedSeeds(ofEach);
    };
    if (use.way === 'prefixes') {
      for (const target of targets) {
        const run = yield* runText(program, use, part(this.ids, 0, target + 1), tapeWithin(maxTape));
        yield* handOut(series, run, 0, seedsOf(run, 0), [], visit);
      }
      return;
    }
    const last = targets.reduce((latest, target) => Math.max(latest, target), 0);
    let later: ReadonlyMap<string, Gradient> = new Map();
    for (const segment of this.segments.toReversed()) {
      if (segment.from > last) {
        if (this.segments.length > 1) yield* this.handOutNothing(series, segment, visit);
        continue;
      }
      const run = this.kept ?? (yield* this.run(segment));
      const seeds = new Map(seedsOf(run, segment.from));
      const given = carriedBy(run.calls[run.calls.length - 1], use);
      for (const [input, gradient] of later) {
        const variable = given.get(input);
        if (variable) seeds.set(variable, seeds.get(variable)?.plus(gradient) ?? gradient);
      }
      const begun = [...segment.beginning.carried.values()];
      const gradients = yield* handOut(series, run, segment.from, seeds, begun, visit, traced.length);
      later = new Map(
        [...segment.beginning.carried].flatMap(([input, variable]) => {
          const gradient = gradients.get(variable);
          return gradient ? [[input, gradient] as const] : [];
        }),
      );
    }
  }

  private *handOutNothing(series: readonly Series[], { from, to }: Segment, visit: Visit): Turns<void> {
    const nothing = { variable: emptyVariable, start: 0, length: 0, apart: 0, count: 0 };
    for (let t = from; t < to; t++) for (const s of series.keys()) visit(s, t, nothing, undefined);
    yield;
  }

  private run({ from, to, beginning }: Segment): Turns<TextRun> {
    const { program, use } = this.source;
    return runText(program, use, part(this.ids, from, to), new Tape(), beginning);
  }

  /** The run that has the scores of step t. */
  private *runOf(t: number): Turns<{ run: TextRun; from: number }> {
    const { program, use, maxTape } = this.source;
    if (use.way === 'prefixes')
      return { run: yield* runText(program, use, part(this.ids, 0, t + 1), tapeWithin(maxTape)), from: 0 };
    const segment = this.segments.find(({ to }) => t < to) ?? this.segments[0];
    return { run: this.kept ?? (yield* this.run(segment)), from: segment.from };
  }
}

/** log₁₀ of the gradient's norm at one step; NaN behind the target, where nothing reaches it. */
function flowOf({ isReversed }: Series, t: number, target: number, slab: Slab, gradient: Gradient | undefined): number {
  const log = log10NormOf(slab, gradient);
  const isBehind = isReversed ? t < target : t > target;
  return log === -Infinity && isBehind ? NaN : log;
}

/** Where the gradients of one of several that are traced lie. */
function slabOf(slab: Slab, place: number): Slab {
  return { ...slab, start: slab.start + place * slab.variable.size };
}

const emptyVariable = new Variable({ kind: 'float', shape: [0], data: new Float64Array(0) }, '');

function* handOut(
  series: readonly Series[],
  run: TextRun,
  from: number,
  seeds: ReturnType<typeof lossSeeds>,
  further: readonly Variable[],
  visit: Visit,
  count = 1,
): Turns<Map<Variable, Gradient>> {
  const slabs = series.map((each) => slabsOf(each, run));
  const wanted = new Set([...slabs.flatMap((each) => each.map(({ variable }) => variable)), ...further]);
  const gradients = yield* differentiatingIn(run.tape, wanted, true)(seeds, count);
  slabs.forEach((each, s) => {
    each.forEach((slab, t) => {
      visit(s, from + t, slab, gradients.get(slab.variable));
    });
  });
  return gradients;
}
