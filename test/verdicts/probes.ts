/** What is looked at of each model: a text that it has not been trained on, and targets in it. */
import { mulberry32 } from '../support/mulberry32';
import type { TrialText } from './texts';

export interface Probe {
  readonly text: string;
  /** Steps whose loss is traced back. */
  readonly targets: readonly number[];
}

/** Characters of prose, one more than there are steps. */
const proseLength = 113;
/** Tokens of a task's text, at least. */
const taskLength = 60;

/** The end of a text lies in its last tenth, which is kept for validation. */
export function probeOf({ text, needs, task }: TrialText): Probe {
  const symbols = Array.from(text);
  if (!task) {
    const shown = symbols.slice(-proseLength).join('');
    return { text: shown, targets: [60, 85, proseLength - 2] };
  }
  const line = needs + 3;
  const lines = Math.max(2, Math.ceil(taskLength / line));
  const shown = symbols.slice(-lines * line);
  const asked = shown.flatMap((symbol, t) => (symbol === task.question && t >= needs ? [t] : []));
  return { text: shown.join(''), targets: asked.slice(-3) };
}

/** Of a task, lines that stand nowhere in the text; of prose a part of what it was trained on. */
export function moreOf({ text }: TrialText, length: number): string {
  const from = Math.floor(mulberry32(1)() * (0.8 * text.length - length));
  return text.slice(Math.max(0, from), Math.max(0, from) + length);
}
