/**
 * Sequences of numbers as a text. A line is one sequence: its steps, with spaces between, the numbers of a step joined by commas, then `=` and the numbers that are to
 * be predicted when all steps have been read.
 *   # value,mark at each step = the sum of the two marked values
 *   0.37,0 0.81,1 0.12,0 0.55,1 = 1.36
 * Lines that begin with `#` are comments. Each step is a token, and so is what stands from `=` on.
 */
import { UserError } from '../userError';

interface Place {
  readonly start: number;
  readonly end: number;
}

/** One sequence. */
export interface NumberSequence {
  /** Steps × `inputSize`, row by row. */
  readonly inputs: readonly number[];
  readonly inputSize: number;
  readonly targets: readonly number[];
}

/** What a sequence has to have, since those before it have: null for the first. */
export type NumberSizes = { readonly inputSize: number; readonly outputSize: number } | null;

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const maxQuoted = 40;
const largestFloat32 = 3.4028234663852886e38;

/** Where the tokens of a text of such lines stand: what is no number too. */
export function* numberSpans(text: string): Generator<Place> {
  for (const line of linesOf(text)) {
    const { steps, target } = cut(text.slice(line.start, line.end));
    for (const { start, end } of target ? [...steps, target] : steps)
      yield { start: line.start + start, end: line.start + end };
  }
}

/** Whether nothing is to be read in a line. */
export function isComment(line: string): boolean {
  return line.trimStart().startsWith('#');
}

/**
 * The numbers of a line.
 * @param place its number, from 1, for sentences
 * Throws a UserError for what is none, and where steps or targets have other numbers than those before.
 */
export function readSequence(line: string, place: number, sizes: NumberSizes): NumberSequence {
  const { steps, target } = cut(line);
  if (!target) throw new UserError('error.numbers.noTarget', place, line.trimEnd().length + 1);
  if (steps.length === 0) throw new UserError('error.numbers.noStep', place, target.start + 1);
  const inputs: number[] = [];
  let inputSize = sizes?.inputSize ?? 0;
  for (const [step, { start, end }] of steps.entries()) {
    const row = numbersIn(line.slice(start, end), place, start);
    if (inputSize === 0) inputSize = row.length;
    if (row.length !== inputSize)
      throw new UserError('error.numbers.stepWidth', place, start + 1, step + 1, row.length, inputSize);
    // A row can be longer than a call has room for arguments.
    for (const value of row) inputs.push(value);
  }
  const behind = line.slice(target.start + 1, target.end);
  const targets = numbersIn(behind.trim(), place, target.end - behind.trimStart().length);
  if (sizes && targets.length !== sizes.outputSize)
    throw new UserError('error.numbers.targetWidth', place, target.start + 1, targets.length, sizes.outputSize);
  return { inputs, inputSize, targets };
}

/** The first line that is neither blank nor a comment, if it is a sequence, else null. @param beginning of a text: its last line may be cut off, unless a line end stands behind it */
export function firstSequence(beginning: string): string | null {
  for (const first of contentOf(beginning)) return sequenceIn(first) ? first : null;
  return null;
}

/** Lines by which a text is told whose first one is no sequence. */
const maxLooked = 100;

/**
 * Whether a text is one of sequences of numbers: its first line that is neither blank nor a comment is one. Or that line alone is wrong: of the hundred behind it more than
 * half are sequences, at least two, of two numbers or more before `=` each; lists of settings such as `1 = 0.5` under a heading are not.
 * @param beginning of it, as of `firstSequence`
 */
export function isTextOfNumbers(beginning: string): boolean {
  if (firstSequence(beginning) !== null) return true;
  let [looked, sequences] = [-1, 0];
  for (const line of contentOf(beginning)) {
    if (looked >= 0 && (sequenceIn(line)?.inputs.length ?? 0) > 1) sequences++;
    if (++looked === maxLooked) break;
  }
  return sequences > 1 && sequences > looked / 2;
}

/** Lines that are neither blank nor comments; a byte order mark before the first is no part of it. */
function* contentOf(marked: string): Generator<string> {
  const text = marked.replace(/^\ufeff/, '');
  for (const { start, end } of linesOf(text)) {
    const line = text.slice(start, end);
    if (line.trim() !== '') yield line;
  }
}

function sequenceIn(line: string): NumberSequence | null {
  try {
    return readSequence(line, 1, null);
  } catch (thrown) {
    if (thrown instanceof UserError) return null;
    throw thrown;
  }
}

/** Lines that are no comments. */
function* linesOf(text: string): Generator<Place> {
  for (let start = 0; start <= text.length;) {
    const next = text.indexOf('\n', start);
    const end = next < 0 ? text.length : next;
    if (!isComment(text.slice(start, end))) yield { start, end };
    start = end + 1;
  }
}

function cut(line: string): { readonly steps: readonly Place[]; readonly target: Place | null } {
  const equals = line.indexOf('=');
  const steps = Array.from(line.slice(0, equals < 0 ? line.length : equals).matchAll(/\S+/g), ({ index, 0: step }) => ({
    start: index,
    end: index + step.length,
  }));
  return { steps, target: equals < 0 ? null : { start: equals, end: line.trimEnd().length } };
}

/** @param at where `text` begins in its line */
function numbersIn(text: string, place: number, at: number): number[] {
  let start = at;
  return text.split(',').map((written) => {
    const column = start + 1;
    start += written.length + 1;
    if (written === '') throw new UserError('error.numbers.missing', place, column);
    const value = decimal.test(written) ? Number(written) : NaN;
    if (Number.isNaN(value)) throw new UserError('error.numbers.notNumber', place, column, quoted(written));
    if (Math.abs(value) > largestFloat32) throw new UserError('error.numbers.tooLarge', place, column, quoted(written));
    return value;
  });
}

/** As much as a sentence has room for. */
function quoted(written: string): string {
  return written.length > maxQuoted ? `${written.slice(0, maxQuoted)}…` : written;
}
