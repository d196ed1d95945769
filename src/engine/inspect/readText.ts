/** A text as a model reads it: tokens, or a sequence of numbers. */
import { NumberCorpusReader } from '../../core/corpus/numberCorpus';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { windowOfText, type Float64Window } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import type { NumberRows } from '../../core/model/numberRows';
import { symbolsOf } from '../../tokens/tokenUnit';
import { UserError } from '../../userError';

export interface ReadText {
  /** One more than there are steps. Of numbers the places of the steps, and behind them that of what is to be predicted. */
  readonly ids: Ids;
  /** By id, as they are shown. */
  readonly symbols: readonly string[];
  /** What the ids of numbers stand for; null of tokens. */
  readonly numbers: NumberRows | null;
}

/** Throws a UserError for an unknown symbol; of a model of numbers for what is no sequence of them, or several, or one of another width. */
export function readTextOf(
  text: string,
  { general, vocabulary }: { readonly general: GeneralModel; readonly vocabulary: Vocabulary },
): ReadText {
  if (general.isOfNumbers !== true) return { ids: vocabulary.encode(text), symbols: vocabulary.symbols, numbers: null };
  const reader = new NumberCorpusReader(true);
  reader.add(text);
  const { numbers, ends } = reader.end();
  if (ends.length > 1) throw new UserError('error.numbers.several', ends.length);
  const { inputSize, outputSize } = numbers;
  const [{ inputSize: I }] = general.layers;
  if (inputSize !== I || outputSize !== general.vocabularySize)
    throw new UserError('error.numbers.otherText', inputSize, outputSize, I, general.vocabularySize);
  const [steps] = ends;
  const targets = new Float64Array((steps + 1) * outputSize);
  targets.set(numbers.targets, steps * outputSize);
  return {
    ids: Int32Array.from({ length: steps + 1 }, (_, place) => place),
    symbols: Array.from(symbolsOf(text, 'numbers')),
    numbers: { ...numbers, targets },
  };
}

/** T ids: what is to be predicted after each step, −1 where nothing is; of numbers only after the last. */
export function targetsOf({ ids, numbers }: Pick<ReadText, 'ids' | 'numbers'>): Int32Array {
  const targets = Int32Array.from(ids.subarray(1));
  if (numbers) targets.fill(-1, 0, targets.length - 1);
  return targets;
}

/** As it is read in float64. */
export function windowOf(text: Pick<ReadText, 'ids' | 'numbers'>): {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly window: Float64Window;
} {
  const targets = targetsOf(text);
  const inputs = Int32Array.from(text.ids.subarray(0, targets.length));
  const { numbers } = text;
  const window = windowOfText(targets);
  return { inputs, targets, window: numbers ? { ...window, predicted: 1, numbers } : window };
}
