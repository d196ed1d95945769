/** What a person says of a published model: what it can have, and nothing that would be passed over. */
import { impossibleAnswer } from '../answers';
import type { NamedWeights } from './published';

/** By what can be said, whether a value is possible. */
export type Possible = Readonly<Record<string, (value: string) => boolean>>;

/** Throws a UserError for what is said and cannot be so. */
export function checkAnswers({ answers, file }: Pick<NamedWeights, 'answers' | 'file'>, possible: Possible): void {
  for (const [name, value] of Object.entries(answers.options))
    if (!Object.hasOwn(possible, name) || !possible[name](value)) throw impossibleAnswer(name, value, file);
}

/** Throws a UserError where roles are said, which the names of such a model's tensors have already. */
export function checkRoles({ answers, file }: Pick<NamedWeights, 'answers' | 'file'>): void {
  for (const role of ['embedding', 'output', 'bias', 'layers', 'norm'] as const) {
    const said = answers[role];
    if (said !== undefined) throw impossibleAnswer(role, said, file);
  }
}

export function isWhole(value: string): boolean {
  return /^[1-9]\d*$/.test(value);
}
