/** What a person says of a published model: what it can have, and nothing that would be passed over. */
import { UserError } from '../../../userError';
import { answerOf } from '../answers';
import type { NamedWeights } from './published';

/** By what can be said, whether a value is possible. */
export type Possible = Readonly<Record<string, (value: string) => boolean>>;

/** Throws a UserError for what is said and cannot be so. */
export function checkAnswers({ answers, file }: Pick<NamedWeights, 'answers' | 'file'>, possible: Possible): void {
  for (const [name, value] of Object.entries(answers.options))
    if (!Object.hasOwn(possible, name) || !possible[name](value))
      throw new UserError('error.torch.answerImpossible', file, answerOf(name, value));
}

export function isWhole(value: string): boolean {
  return /^[1-9]\d*$/.test(value);
}
