/** A line over the steps in view. Where there are more steps than pixels, each pixel column takes its lowest and its highest value. */
import { centerOf, columnWidth, stepsInView, type Columns } from '../columns';
import type { Pen } from './pen';

/** Strokes the finite values; the line is broken where there are none. */
export function traceLine(pen: Pen, values: Float32Array, columns: Columns, y: (value: number) => number): void {
  const group = Math.max(1, Math.floor(1 / columnWidth(columns)));
  const { from, to } = stepsInView(columns, values.length);
  let open = false;
  const place = (x: number, value: number): void => {
    if (open) pen.lineTo(x, y(value));
    else pen.moveTo(x, y(value));
    open = true;
  };
  pen.beginPath();
  // One step beyond each edge, so that the line continues to it; groups begin at multiples of their length, so that moving does not make it flicker.
  for (
    let t = Math.max(0, Math.floor((from - 1) / group) * group);
    t <= Math.min(values.length - 1, to + group);
    t += group
  ) {
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = t; i < Math.min(values.length, t + group); i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (min > max) {
      open = false;
      continue;
    }
    const x = centerOf(columns, t + (group - 1) / 2);
    place(x, min);
    if (group > 1) place(x, max);
  }
  pen.stroke();
}

/** Until the next `restore`, nothing is drawn beside the columns. */
export function clipToColumns(pen: Pen, { left, width }: Columns, top: number, height: number): void {
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
}
