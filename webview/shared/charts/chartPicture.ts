/** A chart as it stands, drawn again with any pen: Chart.js itself draws only on a canvas. */
import type { Chart, Scale } from 'chart.js';
import type { Pen } from '../figures/pen';
import { labelSize } from '../figures/canvas';
import type { Theme } from '../theme';
import type { Point } from './series';

/** What one of the chart's series looks like. */
export interface Look {
  readonly color: (theme: Theme) => string;
  readonly kind: 'line' | 'dots' | 'squares';
}

/** `names` of the series, in the looks' order; the axis of steps is called `axis`. */
export function drawChart(
  pen: Pen,
  chart: Chart<'line', Point[]>,
  looks: readonly Look[],
  names: readonly string[],
  axis: string,
  theme: Theme,
): void {
  const { left, right, top, bottom } = chart.chartArea;
  const { x, y } = chart.scales as { x: Scale; y: Scale };
  pen.font = `${labelSize}px ${theme.font}`;
  pen.textBaseline = 'middle';
  pen.lineWidth = 1;
  pen.strokeStyle = theme.line;
  pen.fillStyle = theme.dim;
  for (const { value, label } of y.ticks) {
    const at = Math.round(y.getPixelForValue(value)) + 0.5;
    pen.beginPath();
    pen.moveTo(left, at);
    pen.lineTo(right, at);
    pen.stroke();
    pen.textAlign = 'right';
    pen.fillText(String(label ?? value), left - 8, at);
  }
  pen.textAlign = 'center';
  for (const { value, label } of x.ticks) pen.fillText(String(label ?? value), x.getPixelForValue(value), bottom + 12);
  pen.textAlign = 'right';
  pen.fillText(axis, right, bottom + 26);
  let end = right;
  for (let i = names.length - 1; i >= 0; i--) {
    pen.fillStyle = looks[i].color(theme);
    pen.fillText(names[i], end, top - 10);
    end -= pen.measureText(names[i]).width + 14;
  }
  pen.save();
  pen.beginPath();
  pen.rect(left, top - 4, right - left, bottom - top + 8);
  pen.clip();
  chart.data.datasets.forEach(({ data }, i) => {
    const { kind, color } = looks[i];
    pen.strokeStyle = pen.fillStyle = color(theme);
    if (kind === 'line') {
      pen.beginPath();
      data.forEach((point, j) =>
        j === 0
          ? pen.moveTo(x.getPixelForValue(point.x), y.getPixelForValue(point.y))
          : pen.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.y)),
      );
      pen.stroke();
      return;
    }
    const size = kind === 'dots' ? 2.5 : 1.6;
    for (const point of data) {
      const [atX, atY] = [x.getPixelForValue(point.x), y.getPixelForValue(point.y)];
      if (kind === 'squares') pen.fillRect(atX - size, atY - size, 2 * size, 2 * size);
      else {
        pen.beginPath();
        pen.arc(atX, atY, size, 0, 2 * Math.PI);
        pen.fill();
      }
    }
  });
  pen.restore();
}
