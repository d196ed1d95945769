/** The line that shows how a training goes. */
import { progressColumns, type ProgressColumn } from '../protocol/run';
import { durationText, grouped, lossText, significant } from './numbers';
import { widthOf } from './glyphs';
import { localize } from './language';
import { bold, dim } from './paint';

export type StepRow = Readonly<Record<ProgressColumn, number>>;

/** The steps in rows × progressColumns. */
export function stepRows(rows: Float64Array): StepRow[] {
  const width = progressColumns.length;
  return Array.from({ length: rows.length / width }, (_, row) =>
    stepRow(rows.subarray(row * width, (row + 1) * width)),
  );
}

function stepRow(values: Float64Array): StepRow {
  return Object.fromEntries(progressColumns.map((name, i) => [name, values[i]])) as StepRow;
}

export interface ProgressView {
  readonly row: StepRow;
  /** The loss is a squared error. */
  readonly isOfNumbers: boolean;
  /** Steps in all; null: until stopped. */
  readonly steps: number | null;
  /** Seconds this program has trained, and the step it began with. */
  readonly seconds: number;
  readonly firstStep: number;
}

/** Without a line break, and narrower than `columns`: what matters least is left out first. Infinity, for a log file, draws no bar. */
export function progressLine(view: ProgressView, columns: number, colored: boolean): string {
  const { row, steps, isOfNumbers } = view;
  const loss = localize('progress.loss', lossText(row.loss, isOfNumbers));
  const clipped = row.clippedNorm < row.gradientNorm;
  const norm = significant(row.gradientNorm);
  const gradient = clipped
    ? localize('progress.gradientClipped', norm, significant(row.clippedNorm))
    : localize('progress.gradient', norm);
  const parts = [
    steps === null
      ? localize('step.number', grouped(row.step))
      : localize('step.numberOf', grouped(row.step), grouped(steps)),
    loss,
    gradient,
    localize('speed.tokensPerSecond', grouped(row.tokensPerSecond)),
    ...timeLeft(view),
  ];
  while (parts.length > 1 && widthOf(parts.join('  ')) >= columns) parts.pop();
  const text = cutTo(parts.join('  '), Math.max(1, columns - 1));
  const barWidth = Math.min(24, columns - widthOf(text) - 4);
  if (steps === null || barWidth < 6 || columns === Infinity) return text;
  return `${bar(row.step / steps, barWidth, colored)}  ${colored ? text.replace(loss, bold) : text}`;
}

/** What of a text fits in so many columns. */
function cutTo(text: string, columns: number): string {
  let cut = Array.from(text);
  while (cut.length > 1 && widthOf(cut.join('')) > columns) cut = cut.slice(0, -1);
  return cut.join('');
}

function timeLeft({ row, steps, seconds, firstStep }: ProgressView): string[] {
  const done = row.step - firstStep + 1;
  if (steps === null) return [durationText(seconds)];
  return done > 1 ? [localize('progress.timeLeft', durationText((seconds / done) * (steps - row.step)))] : [];
}

/** Drawn in eighths of a column. */
function bar(fraction: number, width: number, colored: boolean): string {
  const eighths = Math.round(Math.max(0, Math.min(1, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const part = full < width ? ' ▏▎▍▌▋▊▉'[eighths % 8] : '';
  const rest = ' '.repeat(Math.max(0, width - full - 1));
  return colored ? `\x1b[36m${'█'.repeat(full)}${part}\x1b[0m${rest}${dim('▕')}` : `${'█'.repeat(full)}${part}${rest}▕`;
}
