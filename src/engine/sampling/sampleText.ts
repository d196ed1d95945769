/** Generate Text and `backflow sample`: one text, drawn in turns. */
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { SampleRequest, SampleResult } from '../../protocol/sample';
import type { ModelLock } from '../modelLock';
import { Generation } from './generation';
import type { TokenSampler } from './tokenSampler';

/** Tokens generated while the lock is held; training may take a step between two turns. */
const tokensPerTurn = 64;

/**
 * @param makeSampler throws a UserError for a model that cannot generate
 * @param grown receives the text so far after each turn  @param pause called between turns; throws when the work is canceled
 */
export async function sampleText(
  makeSampler: () => TokenSampler,
  vocabulary: Vocabulary,
  { length, prompt, temperature, topK, topP, seed }: SampleRequest,
  modelLock: ModelLock,
  grown: (text: string) => void,
  pause: () => Promise<void>,
): Promise<SampleResult> {
  const generation = await modelLock.run(async () => {
    const begun = new Generation(makeSampler(), vocabulary, {
      prompt,
      temperature,
      topK,
      topP,
      seed,
      maxTokens: length,
      maxCharacters: Infinity,
      repeats: false,
    });
    await begun.begin();
    return begun;
  });
  while (!generation.isWhole) {
    const endOfTurn = generation.tokens + tokensPerTurn;
    await modelLock.run(() => generation.continueWhile(() => generation.tokens < endOfTurn));
    grown(generation.text);
    await pause();
  }
  return { text: generation.text, notices: generation.notices.map(({ key, args }) => ({ key, args })) };
}
