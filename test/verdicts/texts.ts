/** The texts of the trial of the verdicts: the samples, and lines whose last symbol needs one that was read a known number of tokens before. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mulberry32 } from '../support/mulberry32';

/** Of this project, from the bundle in out/verdicts. */
const samples = join(__dirname, '../../media/samples');

export interface TrialText {
  readonly text: string;
  /** The lag that its predictions need: where it is known of every one, that; of prose a lag that spelling needs (media/samples/README.md). */
  readonly needs: number;
  /** Of a task: what is asked, and how many symbols may be the answer. Null of prose. */
  readonly task: { readonly question: string; readonly answers: number } | null;
}

const symbols = 'abcdefgh';

/** Lines “c.....?c”: one of eight symbols, read `lag` tokens before it is asked for; nothing nearer helps. */
function recall(lag: number, size: number): string {
  const random = mulberry32(lag);
  let text = '';
  while (text.length < size) {
    const symbol = symbols[Math.floor(random() * symbols.length)];
    text += `${symbol}${'.'.repeat(lag - 1)}?${symbol}\n`;
  }
  return text;
}

/** Of prose, how far back one has to read to predict better than from the current symbol and a few before it. */
const needsOf: Readonly<Record<string, number>> = { 'hello.txt': 2 };
const usualNeed = 4;

const prose = (name: string): TrialText => ({
  text: readFileSync(join(samples, name), 'utf8'),
  needs: needsOf[name] ?? usualNeed,
  task: null,
});
const recalled = (lag: number): TrialText => ({
  text: recall(lag, Math.max(12_000, 600 * lag)),
  needs: lag,
  task: { question: '?', answers: symbols.length },
});

const made = new Map<string, TrialText>();

/** `tale.txt` and other samples by name; `recall 12`. */
export function textNamed(name: string): TrialText {
  const lag = /^recall (\d+)$/.exec(name);
  const text = made.get(name) ?? (lag ? recalled(Number(lag[1])) : prose(name));
  made.set(name, text);
  return text;
}
