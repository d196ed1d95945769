/**
 * Text from a model in graph mode. A graph that takes one token a call is given what the call before gave. Any other reads the text so far again for each
 * token, or, where it cannot read so many, the last of it.
 */
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { OperatorError } from '../../core/graph/operatorError';
import { Tape, TapeFull } from '../../core/graph/tape';
import { Variable } from '../../core/graph/variable';
import { checkSampling, draw, samplingWeights } from '../../core/sampling';
import { logProbabilities } from '../../modelFiles/onnx/graphMode/losses';
import { operatorOf, type GraphLanguageModel } from '../../modelFiles/onnx/graphMode/recognize';
import {
  beginningOfText,
  carriedBy,
  runText,
  scoreRows,
  type Beginning,
} from '../../modelFiles/onnx/graphMode/textRun';
import { UserError } from '../../userError';
import { tapeWithin, type ReadingSource } from '../inspect/graph/segments';
import { inTurns, type Pause } from '../inspect/graph/inTurns';
import { readableSteps } from '../inspect/graph/readableSteps';
import { beginningOf, excludedFrom, type Drawing, type TokenSampler } from './tokenSampler';

/** Tokens for which it is tried at first whether the graph reads as many. */
const firstTrial = 32;

export class GraphSampler implements TokenSampler {
  private readonly excluded: ReadonlySet<number>;
  private drawing: Drawing | null = null;
  /** Tokens so far, the prompt's among them; of a graph of one token a call those that it has not read yet. */
  private ids: number[] = [];
  private beginning: Beginning = beginningOfText;
  /** The graph reads at least as many tokens at once, unless `limit` says less. */
  private tried = 0;
  private limit = Infinity;
  private isSlid = false;

  private constructor(
    private readonly source: ReadingSource,
    private readonly vocabulary: Vocabulary,
    private readonly pause: Pause,
  ) {
    this.excluded = excludedFrom(vocabulary);
  }

  /** Throws a UserError for a model that cannot generate. @param maxTape bytes of tensors that one run may keep  @param pause called now and then */
  static of(
    { program, use, readsLaterTokens }: GraphLanguageModel,
    vocabulary: Vocabulary,
    maxTape: number,
    pause: Pause,
  ): GraphSampler {
    const { scores } = use;
    if (!scores) throw new UserError('error.graph.noLosses');
    if (readsLaterTokens) throw new UserError('error.generate.bidirectional');
    return new GraphSampler({ program, use: { ...use, scores }, maxTape }, vocabulary, pause);
  }

  /** The weights of a file do not change. */
  takeWeights(): void {
    this.drawing = null;
  }

  begin(prompt: string, drawing: Drawing): Promise<void> {
    checkSampling(drawing);
    this.ids = [...beginningOf(this.vocabulary, prompt)];
    this.beginning = beginningOfText;
    this.isSlid = false;
    this.drawing = drawing;
    return Promise.resolve();
  }

  async next(): Promise<number | null> {
    if (!this.drawing) throw new Error('no text has been begun');
    const probabilities = (await this.logProbabilities()).map(Math.exp);
    const id = draw(samplingWeights(probabilities, this.drawing, this.excluded), this.drawing.random);
    this.ids.push(id);
    return id === this.vocabulary.specials.eos ? null : id;
  }

  get notices(): readonly UserError[] {
    return this.isSlid ? [new UserError('notice.sample.slid', this.limit)] : [];
  }

  /** ln p of every symbol behind the tokens so far. Throws a UserError that names the node in the way. */
  private async logProbabilities(): Promise<Float64Array> {
    try {
      return this.source.use.way === 'single' ? await this.afterCalls() : await this.afterText();
    } catch (thrown) {
      if (thrown instanceof TapeFull)
        throw new UserError('error.graph.textTooLong', this.ids.length, Math.round(this.source.maxTape / 2 ** 20));
      if (thrown instanceof OperatorError)
        throw new UserError('error.graph.node', thrown.node, operatorOf(thrown), thrown.reason);
      throw thrown;
    }
  }

  private async afterCalls(): Promise<Float64Array> {
    const { program, use } = this.source;
    const ids = this.ids.splice(0);
    const run = await inTurns(runText(program, use, ids, new Tape(), this.beginning), this.pause);
    const [last] = scoreRows(run, use, use.scores).slice(-1);
    const carried = carriedBy(run.calls[run.calls.length - 1], use);
    // Without the tape that they are from.
    const loose = new Map([...carried].map(([name, { tensor }]) => [name, new Variable(tensor, name)]));
    this.beginning = { position: this.beginning.position + ids.length, carried: loose };
    return logProbabilities(last, use.scores.size, use.scores.form);
  }

  private async afterText(): Promise<Float64Array> {
    const { program, use, maxTape } = this.source;
    await this.tryLength();
    this.isSlid ||= this.ids.length > this.limit;
    const ids = this.ids.slice(-this.limit);
    const run = await inTurns(runText(program, use, ids, tapeWithin(maxTape)), this.pause);
    const row = scoreRows(run, use, use.scores).find(({ step }) => step === ids.length - 1);
    if (!row) throw new Error(`no scores of step ${ids.length - 1}`);
    return logProbabilities(row, use.scores.size, use.scores.form);
  }

  /** Finds whether the graph reads as many tokens as there are, and some more; a file does not say it. */
  private async tryLength(): Promise<void> {
    const { length } = this.ids;
    if (this.limit < Infinity || length <= this.tried) return;
    const wanted = Math.max(firstTrial, 2 * length);
    const some = Int32Array.from({ length: wanted }, (_, t) => this.ids[t % length]);
    const { steps } = await inTurns(readableSteps(this.source, some), this.pause);
    this.tried = wanted;
    if (steps < wanted) this.limit = steps;
  }
}
