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
  if (!target) throw new UserError('error.numbers.noTarget', place);
  if (steps.length === 0) throw new UserError('error.numbers.noStep', place);
  const inputs: number[] = [];
  let inputSize = sizes?.inputSize ?? 0;
  for (const [step, { start, end }] of steps.entries()) {
    const row = numbersIn(line.slice(start, end), place);
    if (inputSize === 0) inputSize = row.length;
    if (row.length !== inputSize)
      throw new UserError('error.numbers.stepWidth', place, step + 1, row.length, inputSize);
    // A row can be longer than a call has room for arguments.
    for (const value of row) inputs.push(value);
  }
  const targets = numbersIn(line.slice(target.start + 1, target.end).trim(), place);
  if (sizes && targets.length !== sizes.outputSize)
    throw new UserError('error.numbers.targetWidth', place, targets.length, sizes.outputSize);
  return { inputs, inputSize, targets };
}

/**
 * The first line that is a sequence, or means to be one; null where none of the first two that are neither blank nor comments is. A fault in them, such as a heading, a NaN or a
 * space behind a comma, is told when the text is read: as symbols such a file would be trained on without a word.
 * @param beginning of a text: its last line may be cut off, unless a line end stands behind it
 */
export function firstSequence(beginning: string): string | null {
  let seen = 0;
  for (const line of readable(beginning)) {
    if (hasForm(line)) return line;
    seen++;
    if (seen === 2) break;
  }
  return null;
}

function* readable(text: string): Generator<string> {
  for (const { start, end } of linesOf(text)) {
    const line = text.slice(start, end);
    if (line.trim() !== '') yield line;
  }
}

/** Numbers, however they are joined, then “=” and numbers. */
function hasForm(line: string): boolean {
  const sides = line.split('=').map((side) => side.split(/[\s,]+/).filter((word) => word !== ''));
  return sides.length === 2 && sides.every((words) => words.length > 0 && words.every((word) => decimal.test(word)));
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

function numbersIn(text: string, place: number): number[] {
  return text.split(',').map((written) => {
    if (written === '') throw new UserError('error.numbers.missing', place);
    const value = decimal.test(written) ? Number(written) : NaN;
    if (Number.isNaN(value)) throw new UserError('error.numbers.notNumber', place, quoted(written));
    if (Math.abs(value) > largestFloat32) throw new UserError('error.numbers.tooLarge', place, quoted(written));
    return value;
  });
}

/** As much as a sentence has room for. */
function quoted(written: string): string {
  return written.length > maxQuoted ? `${written.slice(0, maxQuoted)}…` : written;
}
