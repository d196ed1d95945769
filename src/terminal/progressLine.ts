/** The line that shows how a training goes. */
import { progressColumns, type ProgressColumn } from '../protocol/run';
import { durationText, grouped, lossText, significant } from './numbers';
import { bold, dim } from './paint';

export type StepRow = Readonly<Record<ProgressColumn, number>>;

/** The steps in rows × progressColumns. */
export function stepRows(rows: Float64Array): StepRow[] {
  const width = progressColumns.length;
  return Array.from({ length: rows.length / width }, (_, row) => stepRow(rows.subarray(row * width, (row + 1) * width)));
}

function stepRow(values: Float64Array): StepRow {
  return Object.fromEntries(progressColumns.map((name, i) => [name, values[i]])) as StepRow;
}

export interface ProgressView {
  readonly row: StepRow;
  /** Steps in all; null: until stopped. */
  readonly steps: number | null;
  /** Seconds this program has trained, and the step it began with. */
  readonly seconds: number;
  readonly firstStep: number;
}

/** Without a line break, and narrower than `columns`: what matters least is left out first. Infinity, for a log file, draws no bar. */
export function progressLine(view: ProgressView, columns: number, coloured: boolean): string {
  const { row, steps } = view;
  const clipped = row.clippedNorm < row.gradientNorm;
  const gradient = `gradient ${significant(row.gradientNorm)}${clipped ? ` clipped to ${significant(row.clippedNorm)}` : ''}`;
  const parts = [
    steps === null ? `step ${grouped(row.step)}` : `step ${grouped(row.step)} of ${grouped(steps)}`,
    `loss ${lossText(row.loss)}`,
    gradient,
    `${grouped(row.tokensPerSecond)} tokens/s`,
    ...timeLeft(view),
  ];
  while (parts.length > 1 && parts.join('  ').length >= columns) parts.pop();
  const text = parts.join('  ').slice(0, Math.max(1, columns - 1));
  const barWidth = Math.min(24, columns - text.length - 4);
  if (steps === null || barWidth < 6 || columns === Infinity) return text;
  return `${bar(row.step / steps, barWidth, coloured)}  ${coloured ? text.replace(/loss [^ ]+/, bold) : text}`;
}

function timeLeft({ row, steps, seconds, firstStep }: ProgressView): string[] {
  const done = row.step - firstStep + 1;
  if (steps === null) return [durationText(seconds)];
  return done > 1 ? [`${durationText((seconds / done) * (steps - row.step))} left`] : [];
}

/** Drawn in eighths of a column. */
function bar(fraction: number, width: number, coloured: boolean): string {
  const eighths = Math.round(Math.max(0, Math.min(1, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const part = full < width ? ' ▏▎▍▌▋▊▉'[eighths % 8] : '';
  const rest = ' '.repeat(Math.max(0, width - full - 1));
  return coloured ? `\x1b[36m${'█'.repeat(full)}${part}\x1b[0m${rest}${dim('▕')}` : `${'█'.repeat(full)}${part}${rest}▕`;
}
