/** Reads probes with a model in graph mode, and answers what is asked of them. The last text's values are kept. */
import type { Vocabulary } from '../../../core/corpus/vocabulary';
import { OperatorError } from '../../../core/graph/operatorError';
import { TapeFull } from '../../../core/graph/tape';
import type { Turns } from '../../../core/graph/turns';
import { operatorOf, type GraphLanguageModel } from '../../../modelFiles/onnx/graphMode/recognize';
import { normOf, slabsOf, type Series } from '../../../modelFiles/onnx/graphMode/series';
import { runText } from '../../../modelFiles/onnx/graphMode/textRun';
import type { AttributeRequest, AttributionReport } from '../../../protocol/engine';
import type { LaneChoice } from '../../../protocol/frame';
import type {
  GraphReport,
  GraphRequest,
  GraphTokenReport,
  GraphTokenRequest,
  SeriesChoice,
  SeriesReport,
} from '../../../protocol/graph';
import { seriesReport } from '../../../protocol/seriesReport';
import { regionKind, relativeTo } from '../../../terms/regions';
import { startsAndEnds } from '../../../tokens/spans';
import { UserError } from '../../../userError';
import { numbersOfSeries } from '../../nonFinite/series';
import { resolveTarget, textTooShort } from '../flows';
import { GraphReading } from './graphReading';
import { inTurns, type Pause } from './inTurns';
import { readableSteps } from './readableSteps';
import { tapeWithin, type ReadingSource } from './segments';

/** Targets of one matrix. */
const maxMatrixSteps = 2048;
/** Targets that share a beginning of the text. */
const minBlock = 16;
/** Units of a series whose values are drawn. */
const maxDrawnWidth = 2048;
const shownPredictions = 5;
const shownContributions = 8;

interface Read {
  readonly text: string;
  /** T inputs and the last target, of what is read of the text. */
  readonly ids: ArrayLike<number>;
  readonly reading: GraphReading;
  readonly notices: readonly UserError[];
}

export class GraphInspector {
  private last: Read | null = null;
  /** Null where there are no scores. */
  private readonly source: ReadingSource | null;

  /** @param maxTape bytes of tensors that are kept for the way back */
  constructor(
    readonly model: GraphLanguageModel,
    readonly vocabulary: Vocabulary,
    /** Why the model is no stack. */
    readonly stackRefusal: UserError,
    private readonly maxTape: number,
  ) {
    const { program, use } = model;
    const { scores } = use;
    this.source = scores && { program, use: { ...use, scores }, maxTape };
  }

  /** Throws a UserError for a text that the model does not know or is too short, and for a series that it does not have. */
  async report(request: GraphRequest, pause: Pause, progress: (done: number) => void): Promise<GraphReport> {
    const { text, thresholds, matrix: withMatrix } = request;
    const series = this.seriesOf(request.series);
    if (!this.source) return this.sizes(request, series, pause);
    const { ids, reading, notices } = await this.read(text, this.source, pause);
    const target = resolveTarget(request.target, reading.steps);
    const turns = <T>(work: Turns<T>) => inTurns(work, pause);
    const norms = await turns(reading.norms(series));
    const { flows, totals } = request.total
      ? await turns(reading.flowAndTotals(series, target))
      : { flows: await turns(reading.flow(series, target)), totals: null };
    const matrix = withMatrix && series.length > 0 ? await this.matrix(reading, series[0], pause, progress) : null;
    const tokens = this.tokensOf(text, ids, reading.steps);
    const reports = series.map((each, s) =>
      seriesReport(choiceOf(each), { norm: norms[s], total: totals?.[s] ?? null, log10: flows[s] }, target, thresholds),
    );
    return {
      loss: reading.loss,
      losses: reading.losses,
      ...tokens,
      target,
      thresholds,
      series: reports,
      matrix,
      ...numbersOfGraph(reports, tokens),
      notices: notices.map(({ key, args }) => ({ key, args })),
    };
  }

  /** Where nothing can be said of losses: ‖s_t‖ alone. */
  private async sizes(
    { text, target, thresholds }: GraphRequest,
    series: readonly Series[],
    pause: Pause,
  ): Promise<GraphReport> {
    const { program, use } = this.model;
    const ids = this.idsOf(text);
    const steps = Math.min(ids.length - 1, use.ids.length ?? Infinity);
    const read = ids.subarray(0, steps);
    const run = await this.readable(ids.length, () =>
      inTurns(runText(program, use, read, tapeWithin(this.maxTape)), pause),
    );
    const tokens = this.tokensOf(text, ids, steps);
    const reports = series.map((each) => ({
      ...choiceOf(each),
      norm: Float64Array.from(slabsOf(each, run), (slab) => normOf(slab, each.batch)),
      total: null,
      flow: null,
      regions: [],
      slope: null,
    }));
    return {
      loss: null,
      losses: null,
      ...tokens,
      target: resolveTarget(target, steps),
      thresholds,
      series: reports,
      matrix: null,
      ...numbersOfGraph(reports, tokens),
      notices: [],
    };
  }

  private tokensOf(
    text: string,
    ids: ArrayLike<number>,
    steps: number,
  ): Pick<GraphReport, 'tokens' | 'lastTarget' | 'starts' | 'ends'> {
    const { symbols, unit } = this.vocabulary;
    const { starts, ends } = startsAndEnds(text, unit, this.idsOf(text).length);
    return {
      tokens: Array.from({ length: steps }, (_, t) => symbols[ids[t]]),
      lastTarget: symbols[ids[steps]],
      starts: starts.slice(0, steps + 1),
      ends: ends.slice(0, steps + 1),
    };
  }

  /** Throws as `report` does, and for a token that is not in the text. */
  async describe(request: GraphTokenRequest, pause: Pause): Promise<GraphTokenReport[]> {
    const { text, thresholds, tokens } = request;
    const series = this.seriesOf(request.series);
    if (!this.source) throw new UserError('error.graph.noLosses');
    const { ids, reading } = await this.read(text, this.source, pause);
    const { steps } = reading;
    const target = resolveTarget(request.target, steps);
    const norms = await inTurns(reading.norms(series), pause);
    const flows = await inTurns(reading.flow(series, target), pause);
    const reports: GraphTokenReport[] = [];
    for (const token of tokens) {
      if (!Number.isInteger(token) || token < 0 || token > steps)
        throw new UserError('error.inspect.noSuchToken', token, steps);
      const symbol = this.vocabulary.symbols[ids[token]];
      const ofSeries = series.map(({ name, role }, s) => {
        const relative = relativeTo(target, flows[s])[token];
        return {
          name,
          role,
          norm: norms[s][token],
          gradient: Number.isNaN(relative) ? null : relative,
          region: regionKind(relative, thresholds),
        };
      });
      reports.push({
        token,
        symbol,
        loss: token === 0 ? null : reading.losses[token - 1],
        predictions: token === 0 ? [] : await this.predictions(reading, token - 1, pause),
        series: token === steps ? [] : ofSeries,
        contributions: token === 0 ? null : await this.contributions(reading, ids, token, pause),
      });
    }
    return reports;
  }

  /** The values of a series over a text, T × width, time-major; null where it is wider than can be drawn, or of several texts at once, or not computed. */
  async elements(text: string, name: string, pause: Pause): Promise<Float32Array | null> {
    const [series] = this.seriesOf([name]);
    if (!this.source || series.batch > 1 || series.width > maxDrawnWidth) return null;
    const { reading } = await this.read(text, this.source, pause);
    return inTurns(reading.elements(series), pause);
  }

  /** The series that the text is tinted by, T values. Throws a UserError for a tensor or a unit that there is not. */
  async lane(text: string, choice: LaneChoice, pause: Pause): Promise<Float32Array> {
    if (choice.kind === 'element') {
      const { series: name, unit } = choice;
      const elements = await this.elements(text, name, pause);
      const width = this.seriesOf([name])[0].width;
      if (!elements || !Number.isInteger(unit) || unit < 0 || unit >= width)
        throw new UserError('error.graph.noUnit', name, unit + 1);
      return Float32Array.from({ length: elements.length / width }, (_, t) => elements[t * width + unit]);
    }
    if (choice.kind === 'unit' || !this.source) throw new UserError('error.graph.noLosses');
    return Float32Array.from((await this.read(text, this.source, pause)).reading.surprises);
  }

  /**
   * Gradient times input at the embedding: what each input token has of the score of one token, to first order.
   * @param token of the text, not the first
   */
  async attribute({ text, token, method }: AttributeRequest, pause: Pause): Promise<AttributionReport> {
    const embedding = this.model.series.find(({ role }) => role === 'embedding');
    if (method !== 'gradientTimesInput' || !embedding) throw new UserError('error.graph.noAttribution');
    if (!this.source) throw new UserError('error.graph.noLosses');
    const { ids, reading } = await this.read(text, this.source, pause);
    if (!Number.isInteger(token) || token < 1 || token > reading.steps)
      throw new UserError('error.inspect.tokenNotPredicted', token, reading.steps);
    const parts = await inTurns(reading.gradientTimesInput(embedding, token - 1, ids[token]), pause);
    return { method, parts, rest: null, whole: await inTurns(reading.score(token - 1, ids[token]), pause) };
  }

  private async predictions(
    reading: GraphReading,
    step: number,
    pause: Pause,
  ): Promise<GraphTokenReport['predictions']> {
    const logs = await inTurns(reading.predictions(step), pause);
    return Array.from(logs, (log, id) => ({ symbol: this.vocabulary.symbols[id], probability: Math.exp(log) }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, shownPredictions);
  }

  private async contributions(
    reading: GraphReading,
    ids: ArrayLike<number>,
    token: number,
    pause: Pause,
  ): Promise<GraphTokenReport['contributions']> {
    const embedding = this.model.series.find(({ role }) => role === 'embedding');
    if (!embedding) return null;
    const parts = await inTurns(reading.gradientTimesInput(embedding, token - 1, ids[token]), pause);
    return Array.from(parts.subarray(0, token), (score, t) => ({
      token: t,
      symbol: this.vocabulary.symbols[ids[t]],
      score,
    }))
      .sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
      .slice(0, shownContributions);
  }

  private async matrix(
    reading: GraphReading,
    series: Series,
    pause: Pause,
    progress: (done: number) => void,
  ): Promise<Float64Array> {
    const { steps } = reading;
    if (steps > maxMatrixSteps) throw new UserError('error.graph.matrixTooLarge', steps, maxMatrixSteps);
    const matrix = new Float64Array(steps * steps).fill(NaN);
    const atOnce = reading.targetsAtOnce;
    // Where a text without its end is less work, that is what is traced back.
    const block = atOnce < minBlock ? minBlock : steps;
    for (let end = Math.min(block, steps), from = 0; from < steps; end = Math.min(end + block, steps)) {
      const read = await inTurns(reading.beginning(end), pause);
      for (; from < end; from += atOnce) {
        const targets = Array.from({ length: Math.min(atOnce, end - from) }, (_, i) => from + i);
        const rows = await inTurns(read.flowOfTargets(series, targets), pause);
        rows.forEach((row, i) => {
          matrix.set(row, (from + i) * steps);
        });
        progress((from + targets.length) / steps);
      }
      from = end;
    }
    return matrix;
  }

  private seriesOf(names: readonly string[] | null): Series[] {
    const { series } = this.model;
    if (names === null) return defaultSeries(series);
    return names.map((name) => {
      const found = series.find((each) => each.name === name);
      if (!found)
        throw new UserError(
          'error.graph.noSeries',
          name,
          series
            .slice(0, 8)
            .map((each) => each.name)
            .join(', '),
        );
      return found;
    });
  }

  /** T inputs and the last target. */
  private idsOf(text: string): Int32Array {
    const ids = this.vocabulary.encode(text);
    if (ids.length < 2) throw textTooShort(ids.length);
    return Int32Array.from(ids);
  }

  private async read(text: string, source: ReadingSource, pause: Pause): Promise<Read> {
    if (this.last?.text === text) return this.last;
    this.last = null;
    const ids = this.idsOf(text);
    const T = ids.length - 1;
    return this.readable(ids.length, async () => {
      const { steps, run } = await inTurns(readableSteps(source, ids.subarray(0, T)), pause);
      const read = ids.subarray(0, steps + 1);
      const reading = await inTurns(GraphReading.read(source, read, run), pause);
      const notices = steps < T ? [new UserError('notice.graph.stepsIgnored', steps, steps, T - 1)] : [];
      return (this.last = { text, ids: read, reading, notices });
    });
  }

  /** What is in the way of reading a text, as a sentence. */
  private async readable<T>(tokens: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof TapeFull)
        throw new UserError('error.graph.textTooLong', tokens, Math.round(this.maxTape / 2 ** 20));
      if (thrown instanceof OperatorError)
        throw new UserError('error.graph.node', thrown.node, operatorOf(thrown), thrown.reason);
      throw thrown;
    }
  }
}

/** Those that are shown unless others are asked for; where nothing else is known, all there are. */
export function defaultSeries(series: readonly Series[]): Series[] {
  const found = series.filter(({ role }) => role !== 'tensor');
  return found.length > 0 ? found : series.slice(0, 1);
}

export function choiceOf({ name, role, width, isReversed }: Series): SeriesChoice {
  return { name, role, width, isReversed };
}

function numbersOfGraph(
  series: readonly SeriesReport[],
  { tokens }: Pick<GraphReport, 'tokens'>,
): Pick<GraphReport, 'nonFinite' | 'underflow'> {
  const named = series.map((each) => ({
    ...each,
    layer: null,
    direction: each.isReversed ? ('backward' as const) : ('forward' as const),
    quantity: each.name,
  }));
  return numbersOfSeries(named, (step) => tokens.at(step) ?? null);
}
