/** What a person says of a file's tensors where it does not say so itself: `embedding=C.weight,output=proj.weight,unused=pos`. */
import { layerOptions } from '../../layers/catalog';
import { UserError } from '../../userError';
import type { WeightTensor } from './weightTensors';

const roles = ['embedding', 'output', 'bias', 'layers', 'norm', 'form', 'unused'] as const;
type Role = (typeof roles)[number];
/** Of a layer's options too: `positive=true`. */
const optionNames: readonly string[] = layerOptions.map(({ name }) => name);
/** Of a published model: which one it is (`type=mamba`), and what its norms are (`norms=rmsNorm`). */
const ofPublished = ['type', 'norms'] as const;
const words: readonly string[] = [...roles, ...optionNames, ...ofPublished];

/** By role; undefined where nothing is said. */
export interface TensorAnswers extends Readonly<Partial<Record<Exclude<Role, 'unused'>, string>>> {
  /** Tensors, or modules with all that is in them. */
  readonly unused: readonly string[];
  /** By the option's name; of a published model what else is said of it. */
  readonly options: Readonly<Record<string, string>>;
}

/** In place of a name: tokens are read one-hot, the output has no bias. */
export const noTensor = 'none';
/** Between modules in their order. */
export const between = '+';
/** Between modules that are the two directions of one layer. */
export const betweenDirections = ':';

/** Of a role said twice the last counts, but `unused` adds up. Throws a UserError for what has not this form. */
export function readAnswers(text: string | null): TensorAnswers {
  const answers: Partial<Record<Role, string>> = {};
  const unused: string[] = [];
  const options: Record<string, string> = {};
  // Only a role begins an answer, so that a name may have a comma.
  for (const part of text === null || text === '' ? [] : text.split(new RegExp(`,(?=(?:${words.join('|')})=)`))) {
    const at = part.indexOf('=');
    const word = part.slice(0, at);
    const role = roles.find((name) => name === word);
    const value = part.slice(at + 1);
    if (!words.includes(word) || value === '') throw new UserError('error.torch.answerForm', part, words.join(', '));
    if (!role) options[word] = value;
    else if (role === 'unused') unused.push(value);
    else answers[role] = value;
  }
  return { ...answers, unused, options };
}

/** @param role or the name of an option */
export function answerOf(role: string, value: string): string {
  return `${role}=${value}`;
}

/** Throws a UserError where a tensor or module is said not to be used that the file does not have. */
export function checkUnused({ unused }: TensorAnswers, names: Iterable<string>, file: string): void {
  const all = Array.from(names);
  const missing = unused.find((said) => !all.some((name) => isSaidUnused(name, { unused: [said] })));
  if (missing !== undefined) throw impossibleAnswer('unused', missing, file);
}

/** Of what is said and would be passed over, or contradicts the tensors. @param role or the name of an option */
export function impossibleAnswer(role: string, value: string, file: string): UserError {
  return new UserError('error.torch.answerImpossible', file, answerOf(role, value));
}

export function isSaidUnused(name: string, { unused }: Pick<TensorAnswers, 'unused'>): boolean {
  return unused.some((said) => name === said || name.startsWith(`${said}.`));
}

/** Whether an answer, if there is one, means this tensor; null stands for none. */
export function agreesWith(answer: string | undefined, tensor: WeightTensor | null): boolean {
  if (answer === undefined) return true;
  return tensor ? tensor.names.includes(answer) : answer === noTensor;
}
