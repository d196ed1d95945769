/** What a person says of a file's tensors where it does not say so itself: `embedding=C.weight,output=proj.weight,unused=pos`. */
import { UserError } from '../../userError';
import type { WeightTensor } from './weightTensors';

const roles = ['embedding', 'output', 'bias', 'layers', 'norm', 'unused'] as const;
type Role = (typeof roles)[number];

/** By role; undefined where nothing is said. */
export interface TensorAnswers extends Readonly<Partial<Record<Exclude<Role, 'unused'>, string>>> {
  /** Tensors, or modules with all that is in them. */
  readonly unused: readonly string[];
}

/** In place of a name: tokens are read one-hot, the output has no bias. */
export const noTensor = 'none';
/** Between modules in their order. */
export const between = '+';

/** Of a role said twice the last counts, but `unused` adds up. Throws a UserError for what has not this form. */
export function readAnswers(text: string | null): TensorAnswers {
  const answers: Partial<Record<Role, string>> = {};
  const unused: string[] = [];
  // Only a role begins an answer, so that a name may have a comma.
  for (const part of text === null || text === '' ? [] : text.split(new RegExp(`,(?=(?:${roles.join('|')})=)`))) {
    const at = part.indexOf('=');
    const role = roles.find((name) => name === part.slice(0, at));
    const value = part.slice(at + 1);
    if (!role || value === '') throw new UserError('error.torch.answerForm', part, roles.join(', '));
    if (role === 'unused') unused.push(value);
    else answers[role] = value;
  }
  return { ...answers, unused };
}

export function answerOf(role: Role, value: string): string {
  return `${role}=${value}`;
}

export function isSaidUnused(name: string, { unused }: TensorAnswers): boolean {
  return unused.some((said) => name === said || name.startsWith(`${said}.`));
}

/** Whether an answer, if there is one, means this tensor; null stands for none. */
export function agreesWith(answer: string | undefined, tensor: WeightTensor | null): boolean {
  if (answer === undefined) return true;
  return tensor ? tensor.names.includes(answer) : answer === noTensor;
}
