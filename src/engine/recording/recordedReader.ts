/** Reads the steps of a recording: what the recorder measured, and the model again where that is a stack of known layers. The last step is kept. */
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { RecordedStep } from '../../formats/recording/stepFile';
import { vocabularyOfFile } from '../../modelFiles/foreignVocabulary';
import type { InspectReport, OpenRequest } from '../../protocol/engine';
import type { RecordedMetrics, RecordingAgreement, RecordingReport, RecordingRequest } from '../../protocol/recording';
import { differenceInWords } from '../../terms/numberFormat';
import type { Thresholds } from '../../terms/regions';
import { UserError } from '../../userError';
import type { Backend } from '../backend';
import { readWhole } from '../files/smallFile';
import { resolveTarget } from '../inspect/flows';
import { Inspector } from '../inspect/inspector';
import { makeReport } from '../inspect/report';
import { notFinite } from '../model/finiteness';
import { summaryOf } from '../model/summary';
import type { ReportedNumbers } from '../nonFinite/numbers';
import { numbersOfSeries } from '../nonFinite/series';
import { MetricsTail } from './metricsTail';
import { agreementOf, isOfSameModel, RecordedIds, stackOf, symbolOf, symbolsOf } from './recordedStack';
import type { RecordingFolder } from './recordingFolder';
import { lengthSeries, seriesReports } from './recordedSeries';

/** What decides whether two computations agree. */
const noThresholds: Thresholds = { vanishing: -Infinity, exploding: Infinity };
const maxVocabularyBytes = 256_000_000;

export interface ReadStep {
  readonly step: RecordedStep;
  /** On the recorded tokens; null where the step's model is none that is known, or not the one that was recorded. */
  readonly inspector: Inspector | null;
  readonly agreement: RecordingAgreement | null;
  readonly notices: readonly UserError[];
}

export type RecordingOptions = Pick<OpenRequest, 'architecture' | 'vocabulary'>;

export class RecordedReader {
  private last: ReadStep | null = null;
  private ownVocabulary: Vocabulary | null = null;

  constructor(
    readonly folder: RecordingFolder,
    private readonly options: RecordingOptions,
    private readonly backend: Backend,
  ) {}

  /** The newest that can be read, with a notice of those that cannot. Throws a UserError where there is none. */
  async newest(pause: () => Promise<void>): Promise<ReadStep> {
    const steps = await this.folder.steps();
    let refusal = this.folder.noStep();
    for (const [skipped, step] of steps.toReversed().entries()) {
      try {
        const read = await this.read(step, pause);
        if (skipped === 0) return read;
        const { key, args } = refusal;
        return {
          ...read,
          notices: [...read.notices, new UserError('notice.recording.stepsBroken', skipped, { key, args })],
        };
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        if (skipped === 0) refusal = thrown;
      }
    }
    throw refusal;
  }

  /** Throws a UserError where there is no such step, or its file is broken. */
  async read(step: number, pause: () => Promise<void>): Promise<ReadStep> {
    if (this.last?.step.step === step) return this.last;
    this.last = null;
    const recorded = await this.folder.read(step);
    await pause();
    return (this.last = await this.readAgain(recorded, pause));
  }

  /** Throws a UserError as `read` does, for a target of which nothing is known, and for a text that cannot be read. */
  async report(request: RecordingRequest, pause: () => Promise<void>): Promise<Omit<RecordingReport, 'summary'>> {
    const read = request.step === null ? await this.newest(pause) : await this.read(request.step, pause);
    const metrics = await this.metricsOf(read.step.step);
    const { thresholds } = request;
    if (request.text !== null) return this.reportOfText(read, { ...request, text: request.text }, metrics, pause);
    const { step, inspector, agreement } = read;
    const target = request.target === null ? step.target : resolveTarget(request.target, step.steps);
    const series = seriesReports(step, target, thresholds);
    if (!inspector && series.every(({ flow }) => flow === null))
      throw new UserError('error.recording.otherTarget', target, step.target);
    const stack = inspector && {
      model: summaryOf(inspector.model.general, null),
      report: await makeReport(inspector, { text: '', target, thresholds, matrix: request.matrix }, pause),
    };
    const all = this.symbols(step);
    const tokens = all && step.ids && Array.from(step.ids, (id) => all(id));
    const follows = step.targets?.at(target) ?? -1;
    return {
      metrics,
      tokens,
      predicted: all && follows >= 0 ? all(follows) : null,
      target,
      thresholds,
      series,
      matrix: request.matrix ? (step.series.find(({ matrix }) => matrix)?.matrix ?? null) : null,
      stack,
      agreement,
      ...(stack ? numbersOf(stack.report) : numbersOfSeries(lengthSeries(step), (t) => tokens?.at(t) ?? null)),
      notices: read.notices.map(({ key, args }) => ({ key, args })),
    };
  }

  /** How tokens of a step are shown; null where it has none. */
  symbols({ ids }: RecordedStep): ((id: number) => string) | null {
    return ids && ((id) => symbolOf(this.folder.record, id));
  }

  /** What the recorder noted of a step; nothing where its line is not there yet. */
  async metricsOf(step: number): Promise<RecordedMetrics> {
    let found: RecordedMetrics = { step, loss: null, gradientNorm: null, clippedNorm: null, scale: null };
    await new MetricsTail(this.folder.metricsPath).next((metrics) => {
      if (metrics.step === step) found = metrics;
    });
    return found;
  }

  private async readAgain(step: RecordedStep, pause: () => Promise<void>): Promise<ReadStep> {
    const { record, path } = this.folder;
    const { architecture } = this.options;
    try {
      const { model, ids, notices } = stackOf(step, record, architecture, path);
      const vocabulary = new RecordedIds(symbolsOf(record, model.vocabularySize), ids);
      const inspector = new Inspector({
        general: model,
        plain: null,
        isLive: false,
        vocabulary,
        backend: this.backend,
      });
      await pause();
      const request = { text: '', target: step.target, thresholds: noThresholds, matrix: false };
      const { layers } = await makeReport(inspector, request, pause);
      const agreement = agreementOf(step, model, layers);
      const names = notFinite(model);
      const broken = names.length > 0 ? [new UserError('notice.model.notFinite', path, names.join(', '))] : [];
      if (agreement && isOfSameModel(agreement))
        return { step, inspector, agreement, notices: [...notices, ...broken] };
      const refusal = agreement
        ? new UserError('notice.recording.otherModel', ...whereOf(agreement))
        : new UserError('notice.recording.notComparable');
      return { step, inspector: null, agreement, notices: [refusal, ...broken] };
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      const { key, args } = thrown;
      return {
        step,
        inspector: null,
        agreement: null,
        notices: [new UserError('notice.recording.noStack', { key, args })],
      };
    }
  }

  private async reportOfText(
    { inspector, agreement, notices }: ReadStep,
    { text, target, thresholds, matrix }: RecordingRequest & { readonly text: string },
    metrics: RecordedMetrics,
    pause: () => Promise<void>,
  ): Promise<Omit<RecordingReport, 'summary'>> {
    const ofText = await this.inspectorOfText({ inspector, notices });
    const report = await makeReport(ofText, { text, target: target ?? 'last', thresholds, matrix }, pause);
    const { target: resolved } = report.inputs[0].flow;
    return {
      metrics,
      tokens: report.tokens,
      predicted: report.tokens.at(resolved + 1) ?? text.slice(report.starts[resolved + 1], report.ends[resolved + 1]),
      target: resolved,
      thresholds,
      series: [],
      matrix: null,
      stack: { model: summaryOf(ofText.model.general, null), report },
      agreement,
      ...numbersOf(report),
      notices: notices.map(({ key, args }) => ({ key, args })),
    };
  }

  /** The step's model for any text. Throws a UserError where there is none, or no vocabulary. */
  async inspectorOfText({ inspector, notices }: Pick<ReadStep, 'inspector' | 'notices'>): Promise<Inspector> {
    const [refusal] = notices;
    if (!inspector) throw new UserError('error.recording.textWithoutModel', { key: refusal.key, args: refusal.args });
    const { general } = inspector.model;
    const vocabulary = await this.vocabulary(general.vocabularySize);
    const layers = general.layers.map((layer) => ({
      ...layer,
      // A text of its own is read from the beginning.
      directions: layer.directions.map((direction) => ({ ...direction, initialStates: [] })),
    }));
    return new Inspector({ ...inspector.model, general: { ...general, layers }, vocabulary });
  }

  /** Throws a UserError where there is none, or one of another size. @param size of the model */
  async vocabulary(size: number): Promise<Vocabulary> {
    return (this.ownVocabulary ??= await this.readVocabulary(size));
  }

  private async readVocabulary(size: number): Promise<Vocabulary> {
    const { vocabulary: file } = this.options;
    const { record, path } = this.folder;
    if (file !== null)
      return vocabularyOfFile((await readWhole(file, maxVocabularyBytes)).toString('utf8'), size, file).vocabulary;
    if (!record.vocabulary) throw new UserError('error.recording.noVocabulary', path);
    return vocabularyOfFile(JSON.stringify(record.vocabulary), size, path).vocabulary;
  }
}

function numbersOf({ nonFinite, underflow }: InspectReport): ReportedNumbers {
  return { nonFinite, underflow };
}

function whereOf({ difference, at: { series, quantity, step } }: RecordingAgreement): [string, string, number] {
  return [differenceInWords(difference), `${series}:${quantity}`, step];
}
