/**
 * Training step × lag as a heatmap, the horizon as a line on it, and over it on the same steps the gradient's norm before and after
 * clipping. Every pixel column takes the largest value of the rows that fall into it, so that an explosion is never hidden.
 */
import { flowMap } from './colours/maps';
import type { Metrics } from './charts/metrics';
import type { Point } from './charts/series';
import { FigureCanvas, labelSize } from './figures/canvas';
import { drawWhole, Heatmap } from './figures/heatmap';
import type { Pen } from './figures/pen';
import { powerOfTen } from './format';
import type { OverTraining } from './overTraining';
import type { Texts } from './texts';
import type { Theme } from './theme';

const normTop = 14;
const normHeight = 56;
const mapTop = normTop + normHeight + 12;
const mapHeight = 150;
const height = mapTop + mapHeight + 22;
/** Below every power of ten on the scale. */
const farBelow = -1000;

export interface Place {
  readonly step: number;
  /** Null over the norms. */
  readonly lag: number | null;
}

export interface OverTrainingView {
  readonly left: number;
  readonly width: number;
  /** The step whose flow is shown above; null: the newest. */
  readonly travelled: number | null;
  /** Under the pointer. */
  readonly pointed: Place | null;
}

export class OverTrainingFigure {
  readonly figure = new FigureCanvas('overTraining');
  private readonly image = new Heatmap();
  private domain = { first: 0, last: 1 };
  private lags = 1;
  private columns = 1;
  private view: Pick<OverTrainingView, 'left' | 'width'> = { left: 0, width: 1 };

  constructor(private readonly texts: Texts) {}

  /** What stands at a place of the figure; null beside it. */
  placeAt(x: number, y: number): Place | null {
    const { left, width } = this.view;
    if (x < left || x > left + width) return null;
    const { first, last } = this.domain;
    const step = Math.round(first + ((x - left) / width) * (last - first));
    const lag = Math.floor(((y - mapTop) / mapHeight) * this.lags);
    return { step, lag: lag >= 0 && lag < this.lags ? lag : null };
  }

  /** Colours the heatmap anew: for new rows, another theme or width. */
  paint(rows: OverTraining, metrics: Metrics, { left, width }: Pick<OverTrainingView, 'left' | 'width'>, theme: Theme): void {
    this.view = { left, width };
    this.lags = Math.max(1, rows.lags);
    const first = Math.min(rows.rows[0]?.step ?? Infinity, metrics.normBefore.points[0]?.x ?? Infinity);
    const last = Math.max(rows.rows.at(-1)?.step ?? 0, metrics.latest?.step ?? 0);
    this.domain = { first: Number.isFinite(first) ? first : 0, last: Math.max(last, (Number.isFinite(first) ? first : 0) + 1) };
    const columns = Math.max(1, Math.round(width));
    const { lags } = this;
    const values = new Float32Array(columns * lags).fill(NaN);
    let next = 0;
    let latest: Float32Array | null = null;
    for (let column = 0; column < columns; column++) {
      const until = this.domain.first + ((column + 1) / columns) * (this.domain.last - this.domain.first);
      const at = column * lags;
      let isFirst = true;
      while (next < rows.rows.length && (rows.rows[next].step <= until || column === columns - 1)) {
        const { relative } = rows.rows[next++];
        for (let lag = 0; lag < relative.length; lag++) {
          const value = values[at + lag];
          if (isFirst || !(value >= relative[lag])) values[at + lag] = relative[lag];
        }
        latest = relative;
        isFirst = false;
      }
      // Between two rows the earlier one stands.
      if (isFirst && latest) values.set(latest, at);
    }
    this.columns = columns;
    // Where lags share a pixel, too, the largest is seen.
    this.image.show({ values, rows: lags, columns, rowStride: 1, columnStride: lags }, flowMap(theme.kind), farBelow);
  }

  draw(fullWidth: number, rows: OverTraining, metrics: Metrics, view: OverTrainingView, theme: Theme): void {
    this.figure.render(fullWidth, height, (pen) => this.drawOn(pen, rows, metrics, view, theme));
  }

  private drawOn(pen: Pen, rows: OverTraining, metrics: Metrics, view: OverTrainingView, theme: Theme): void {
    pen.font = `${labelSize}px ${theme.font}`;
    this.drawNorms(pen, metrics, theme);
    drawWhole(pen, this.image, this.lags, this.columns, view.left, mapTop, view.width, mapHeight);
    this.drawHorizons(pen, rows, theme);
    this.drawMarks(pen, rows, theme);
    this.drawAxes(pen, theme);
    if (view.travelled !== null) this.drawStep(pen, view.travelled, theme, true);
    if (view.pointed) this.drawStep(pen, view.pointed.step, theme, false);
  }

  private x(step: number): number {
    const { first, last } = this.domain;
    return this.view.left + ((step - first) / (last - first)) * this.view.width;
  }

  private yOfLag(lag: number): number {
    return mapTop + (lag / this.lags) * mapHeight;
  }

  private drawNorms(pen: Pen, metrics: Metrics, theme: Theme): void {
    const all = [metrics.normBefore.points, metrics.normAfter.points];
    let [least, most] = [Infinity, 0];
    for (const { y } of all.flat()) {
      least = Math.min(least, y);
      most = Math.max(most, y);
    }
    const { left, width } = this.view;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    pen.fillStyle = theme.dim;
    pen.fillText(this.texts.get('normTitle'), left + width, 5);
    if (most === 0) return;
    const low = Math.floor(Math.log10(least));
    const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
    const y = (norm: number): number => normTop + ((high - Math.log10(norm)) / (high - low)) * normHeight;
    for (const power of high - low > 1 ? [high, low] : [high, low]) {
      pen.fillText(powerOfTen(power), left - 8, Math.min(Math.max(y(10 ** power), normTop + 3), normTop + normHeight - 3));
      pen.fillStyle = theme.line;
      pen.fillRect(left, Math.round(y(10 ** power)), width, 1);
      pen.fillStyle = theme.dim;
    }
    for (const [points, colour] of [[metrics.normBefore.points, theme.dim], [metrics.normAfter.points, theme.accent]] as const) this.drawLine(pen, points, y, colour);
    pen.fillStyle = theme.second;
    for (const point of metrics.clipped.points) pen.fillRect(Math.round(this.x(point.x)) - 1, Math.round(y(point.y)) - 1, 3, 3);
  }

  private drawLine(pen: Pen, points: readonly Point[], y: (norm: number) => number, colour: string): void {
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.lineJoin = 'round';
    pen.beginPath();
    for (const point of points) pen.lineTo(this.x(point.x), y(point.y));
    pen.stroke();
  }

  /** From row to row; broken where the gradient reaches the whole text. */
  private drawHorizons(pen: Pen, { rows }: OverTraining, theme: Theme): void {
    for (const [colour, lineWidth] of [[theme.background, 3.5], [theme.foreground, 1.2]] as const) {
      pen.strokeStyle = colour;
      pen.lineWidth = lineWidth;
      pen.lineJoin = 'round';
      pen.beginPath();
      let open = false;
      rows.forEach(({ step, horizon }, i) => {
        if (Number.isNaN(horizon)) {
          open = false;
          return;
        }
        const [x, y] = [this.x(step), this.yOfLag(horizon)];
        if (open) pen.lineTo(x, y);
        else pen.moveTo(x, y);
        pen.lineTo(this.x(rows.at(i + 1)?.step ?? step) + 0.5, y);
        open = true;
      });
      pen.stroke();
    }
  }

  /** Where something overflowed, and where another text was read from. */
  private drawMarks(pen: Pen, rows: OverTraining, theme: Theme): void {
    pen.fillStyle = theme.dim;
    for (const step of rows.changes) pen.fillRect(Math.round(this.x(step)), mapTop - 4, 1, mapHeight + 8);
    pen.fillStyle = theme.exploding;
    pen.textBaseline = 'middle';
    for (const step of rows.overflows) {
      const x = Math.round(this.x(Math.min(step, this.domain.last)));
      pen.fillRect(x - 1, normTop, 2, mapTop + mapHeight - normTop);
      pen.textAlign = x > this.view.left + this.view.width / 2 ? 'right' : 'left';
      pen.fillText(this.texts.get('overOverflow'), x + (pen.textAlign === 'right' ? -4 : 4), normTop + 5);
    }
  }

  private drawAxes(pen: Pen, theme: Theme): void {
    const { left, width } = this.view;
    const { numbers } = this.texts;
    pen.fillStyle = theme.dim;
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    pen.fillText(this.texts.get('overLagOf', '0'), left - 8, mapTop + 6, left - 10);
    if (this.lags > 1) pen.fillText(this.texts.get('overLagOf', numbers.integer(this.lags - 1)), left - 8, mapTop + mapHeight - 5, left - 10);
    pen.textBaseline = 'alphabetic';
    pen.textAlign = 'left';
    pen.fillText(this.texts.get('step', numbers.integer(this.domain.first)), left, height - 6);
    pen.textAlign = 'right';
    pen.fillText(this.texts.get('step', numbers.integer(this.domain.last)), left + width, height - 6);
  }

  private drawStep(pen: Pen, step: number, theme: Theme, travelled: boolean): void {
    const x = Math.round(this.x(step));
    pen.fillStyle = theme.background;
    pen.fillRect(x - 1, normTop - 2, 3, mapTop + mapHeight - normTop + 4);
    pen.fillStyle = theme.foreground;
    if (travelled) pen.fillRect(x - 0.5, normTop - 2, 2, mapTop + mapHeight - normTop + 4);
    else for (let y = normTop; y < mapTop + mapHeight; y += 4) pen.fillRect(x, y, 1, 2);
  }
}
