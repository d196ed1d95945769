/** Axes with round ticks, beside the columns. */
import type { Columns } from '../columns';
import { decimalsOf, type NumberFormat } from '../../../src/terms/numberFormat';
import type { Pen } from './pen';
import type { Theme } from '../theme';

export interface Axis {
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
}

/**
 * Logarithmic to both sides of zero, and linear in between: so that the slowest of many directions, and the last of many that are left, are seen too.
 * @param linear up to about this size it is linear
 */
export function signedLogAxis(values: readonly number[], linear: number, top: number, bottom: number): Axis {
  const place = (value: number): number => Math.sign(value) * Math.log10(1 + Math.abs(value) / linear);
  let [low, high] = [0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) high = linear;
  const ticks = [0];
  for (let power = Math.ceil(Math.log10(linear)); 10 ** power <= high; power++) ticks.push(10 ** power);
  for (let power = Math.ceil(Math.log10(linear)); 10 ** power <= -low; power++) ticks.unshift(-(10 ** power));
  const [from, to] = [place(low), place(high)];
  return {
    ticks,
    y: (value) => top + ((to - Math.max(from, Math.min(to, place(value)))) / (to - from)) * (bottom - top),
  };
}

/** From the smallest value to the largest, to round numbers. @param intervals about so many between ticks */
export function axisOf(values: readonly number[], top: number, bottom: number, intervals = 4): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  const pitch = roundUp((high - low) / intervals);
  const first = Math.floor(low / pitch + 1e-9);
  const last = Math.ceil(high / pitch - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * pitch);
  const [from, to] = [first * pitch, last * pitch];
  return {
    ticks,
    y: (value) => top + ((to - Math.max(from, Math.min(to, value))) / (to - from)) * (bottom - top),
  };
}

/** To 1, 2 or 5 of a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((each) => each * power >= value * (1 - 1e-9)) ?? 10);
}

/** Lines across the columns, that of zero darker, and the ticks' values in the right margin. @param unit behind each of them */
export function drawAxis(
  pen: Pen,
  { ticks, y }: Axis,
  { left, width }: Columns,
  numbers: NumberFormat,
  theme: Theme,
  unit = '',
): void {
  // Of a logarithmic axis each tick has digits of its own.
  const isEven = ticks.length < 3 || Math.abs(ticks[2] - 2 * ticks[1] + ticks[0]) < 1e-9;
  const digits = Math.max(...ticks.map((tick) => decimalsOf(tick)));
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  pen.lineWidth = 1;
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5;
    pen.strokeStyle = Math.abs(tick) < 1e-12 ? theme.dim : theme.line;
    pen.beginPath();
    pen.moveTo(left, at);
    pen.lineTo(left + width, at);
    pen.stroke();
    pen.fillStyle = theme.dim;
    const value = isEven ? numbers.decimals(tick, digits) : numbers.plain(tick);
    pen.fillText(value + unit, left + width + 6, at);
  }
}
