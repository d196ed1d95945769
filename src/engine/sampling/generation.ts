/** The loop that generates text: for samples while the model learns, for Generate Text, and for the command line. */
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { Random } from '../../core/model/random';
import type { SamplingSettings } from '../../core/sampling';
import type { UserError } from '../../userError';
import type { TokenSampler } from './tokenSampler';

export interface GenerationRequest extends SamplingSettings {
  readonly prompt: string;
  readonly seed: number;
  /** Of all tokens, also those that end a sequence. */
  readonly maxTokens: number;
  /** Of all UTF-16 units; the token that reaches it is whole. */
  readonly maxCharacters: number;
  /** Where a sequence ends another begins with the prompt, on a new line; otherwise the text ends there. */
  readonly repeats: boolean;
}

/** A text of one model's weights, as far as it is generated; with the same random numbers whatever pieces it is generated in. */
export class Generation {
  private readonly random: Random;
  /** Sequences that have ended, and the ids of the one under way. */
  private readonly ended: string[] = [];
  private ids: number[] = [];
  private readonly lastOfPrompt: number | null;
  private count = 0;
  private characters = 0;

  /** @param sampler which nothing else uses until the text is whole */
  constructor(
    private readonly sampler: TokenSampler,
    private readonly vocabulary: Vocabulary,
    private readonly request: GenerationRequest,
  ) {
    this.random = Random.forDrawing(request.seed);
    this.lastOfPrompt = vocabulary.encodePrompt(request.prompt).at(-1) ?? null;
  }

  /** Reads the prompt, with the model's weights as they are now. Throws a UserError as `TokenSampler.begin` does. */
  async begin(): Promise<void> {
    this.sampler.takeWeights();
    await this.beginSequence();
  }

  /** Generates token after token while `goOn`, until the text is whole; whether it is. */
  async continueWhile(goOn: () => boolean): Promise<boolean> {
    while (!this.isWhole && goOn()) await this.addToken();
    return this.isWhole;
  }

  get isWhole(): boolean {
    const { maxTokens, maxCharacters, repeats } = this.request;
    return this.count >= maxTokens || this.characters >= maxCharacters || (this.ended.length > 0 && !repeats);
  }

  /** Tokens so far. */
  get tokens(): number {
    return this.count;
  }

  /** All that is generated so far, without the prompt. */
  get text(): string {
    const lines = this.ids.length > 0 ? [...this.ended, this.decode(this.ids)] : this.ended;
    return lines.join('\n');
  }

  /** What is to be said of it. */
  get notices(): readonly UserError[] {
    return this.sampler.notices;
  }

  private beginSequence(): Promise<void> {
    const { prompt, temperature, topK, topP } = this.request;
    return this.sampler.begin(prompt, { temperature, topK, topP, random: this.random });
  }

  private async addToken(): Promise<void> {
    const id = await this.sampler.next();
    this.count++;
    this.characters += id === null ? 1 : this.decode([id]).length;
    if (id !== null) {
      this.ids.push(id);
      return;
    }
    this.ended.push(this.decode(this.ids));
    this.ids = [];
    if (!this.isWhole) await this.beginSequence();
  }

  private decode(ids: readonly number[]): string {
    return this.vocabulary.decodeBehind(this.lastOfPrompt, ids);
  }
}
