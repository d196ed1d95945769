/**
 * Samples of the watched model: the same beginning and the same random numbers each time. Each is of the weights of one training step,
 * of which the sampler has a copy, so that it can be drawn in short pieces between the steps that follow; and seldom enough that training
 * hardly notices.
 */
import { setImmediate } from 'node:timers/promises';
import { checkSampling } from '../../core/sampling';
import type { ModelSample, SampleWatch } from '../../protocol/sample';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { UserError } from '../../userError';
import type { ModelLock } from '../modelLock';
import { Generation } from './generation';
import type { TokenSampler } from './tokenSampler';

/** Part of the time that samples may take while a run is on. */
const shareOfTraining = 0.015;
/** Milliseconds from the beginning of one sample to that of the next, at least: what changes faster cannot be read. */
const pace = 2000;
/** Milliseconds after which a piece ends with the token it is at, so that no step or hover waits long; after a slow step it may take its share. */
const minPiece = 4;
/** Two or three lines. Tokens are counted for symbols that are no whole characters. */
const maxCharacters = 180;
const maxTokens = 180;

/** What samples are drawn of, and when. */
export interface SampledModel {
  readonly vocabulary: Vocabulary;
  /** Throws a UserError for a model that cannot generate. */
  readonly makeSampler: () => TokenSampler;
  readonly trainingStep: () => number;
  /** Of that step, nats per token; null where none has been trained. */
  readonly loss: () => number | null;
  readonly isTraining: () => boolean;
}

/** A sample of one step's weights, as far as it has been drawn. */
interface GrowingSample {
  readonly generation: Generation;
  readonly step: number;
  readonly loss: number | null;
  readonly began: number;
  /** Milliseconds it has taken so far. */
  cost: number;
  /** Whether the model has read what stands before it. */
  isBegun: boolean;
}

export class SampleSource {
  private watched: SampleWatch | null = null;
  private sampler: TokenSampler | null = null;
  private growing: GrowingSample | null = null;
  /** Of what the newest whole sample is. */
  private drawn: { readonly watch: SampleWatch; readonly step: number } | null = null;
  /** On the monotonic clock: before this no sample is due while a run is on. */
  private notBefore = -Infinity;
  /** When the training loop, or the timer, came by last. */
  private lastPassAt: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly sampled: SampledModel,
    private readonly modelLock: ModelLock,
    private readonly tell: (sample: ModelSample) => void,
    private readonly now = () => performance.now(),
  ) {
    this.lastPassAt = now();
  }

  /** Samples from now on; null ends them. Throws a UserError for a model that cannot generate. */
  watch(watch: SampleWatch | null): void {
    this.watched = this.growing = null;
    if (!watch) {
      // The copy of the weights is as large as they are.
      this.sampler = null;
      return;
    }
    checkSampling({ ...watch, topK: null, topP: null });
    this.sampler ??= this.sampled.makeSampler();
    this.watched = watch;
    this.changed();
  }

  /** The weights may have changed, or training has begun or ended. */
  changed(): void {
    if (!this.sampled.isTraining()) this.schedule();
  }

  /** Draws a piece of a sample if one is due; for the training loop, between two steps. */
  async continueIfDue(): Promise<void> {
    const since = this.now() - this.lastPassAt;
    if (this.isDue()) {
      // Questions that came in during the step, such as a hover's, go first.
      await setImmediate();
      await this.modelLock.run(() => this.continueFor(Math.max(minPiece, shareOfTraining * since)));
    }
    this.lastPassAt = this.now();
  }

  dispose(): void {
    this.watched = this.growing = null;
    if (this.timer) clearTimeout(this.timer);
  }

  private isDue(): boolean {
    const { watched, drawn, sampled } = this;
    if (!watched) return false;
    if (this.growing) return true;
    const isNew =
      drawn?.step !== sampled.trainingStep() ||
      drawn.watch.seed !== watched.seed ||
      drawn.watch.temperature !== watched.temperature;
    return isNew && (!sampled.isTraining() || this.now() >= this.notBefore);
  }

  /** Without a training loop to ask for pieces, a timer does. */
  private schedule(): void {
    if (this.timer || !this.isDue()) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.continueIfDue().then(() => this.changed());
    }, 0);
  }

  /** Draws for about so many milliseconds. */
  private async continueFor(room: number): Promise<void> {
    const { watched, sampler } = this;
    if (!watched || !sampler || !this.isDue()) return;
    const start = this.now();
    const growing = this.sampleUnderWay(sampler, watched);
    const { generation, step, loss } = growing;
    let isWhole: boolean;
    try {
      if (!growing.isBegun) await generation.begin();
      growing.isBegun = true;
      isWhole = await generation.continueWhile(
        () => this.growing === growing && (generation.tokens === 0 || this.now() - start < room),
      );
    } catch (thrown) {
      // A prediction can turn out not to be finite, and a graph not to read a text as long as that: there is no sample of this step, and training goes on.
      if (!(thrown instanceof UserError)) throw thrown;
      if (this.growing !== growing) return;
      this.growing = null;
      this.drawn = { watch: watched, step };
      this.notBefore = growing.began + pace;
      return;
    }
    // Looked away, or asked for others, in the meantime.
    if (this.growing !== growing) return;
    growing.cost += this.now() - start;
    if (!isWhole) return;
    this.growing = null;
    this.drawn = { watch: watched, step };
    this.notBefore = growing.began + Math.max(pace, growing.cost / shareOfTraining);
    this.tell({ step, loss, temperature: watched.temperature, text: generation.text });
  }

  /** The one that was begun, unless it is out of date and there is time for another. */
  private sampleUnderWay(sampler: TokenSampler, watch: SampleWatch): GrowingSample {
    const { vocabulary, trainingStep, loss, isTraining } = this.sampled;
    if (this.growing && (isTraining() || this.growing.step === trainingStep())) return this.growing;
    // Of a model of sequences several of them: one may be short.
    const request = { ...watch, prompt: '', topK: null, topP: null, maxTokens, maxCharacters, repeats: true };
    const generation = new Generation(sampler, vocabulary, request);
    this.growing = { generation, step: trainingStep(), loss: loss(), began: this.now(), cost: 0, isBegun: false };
    return this.growing;
  }
}
