/**
 * Training step × lag as a heatmap, the horizon as a line on it, and over it on the same steps the gradient's norm before and after
 * clipping. Every pixel column takes the largest value of the rows that fall into it, so that an explosion is never hidden.
 */
import { flowMap, flowTicks } from '../../shared/colors/maps';
import type { Metrics } from '../../shared/charts/metrics';
import type { Point } from '../../shared/charts/series';
import { FigureCanvas, labelSize } from '../../shared/figures/canvas';
import { Heatmap } from '../../shared/figures/heatmap';
import type { Pen } from '../../shared/figures/pen';
import { ScaleBar } from '../../shared/figures/scaleBar';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { OverTraining } from './overTraining';
import { Range } from '../../shared/range';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';

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
  readonly traveled: number | null;
  /** Under the pointer. */
  readonly pointed: Place | null;
}

export class OverTrainingFigure {
  readonly figure = new FigureCanvas('overTraining');
  /** Training steps in view, counted from the first that is known; lags in view. */
  readonly steps: Range;
  readonly lags: Range;
  private readonly image = new Heatmap();
  private readonly scale = new ScaleBar(powerOfTen, flowTicks);
  private first = 0;
  private columns = 1;
  private view: Pick<OverTrainingView, 'left' | 'width'> = { left: 0, width: 1 };

  /** `moved` hears when other steps or lags are in view: it is to be painted again. */
  constructor(
    private readonly texts: Texts,
    moved: () => void,
  ) {
    this.steps = new Range(moved);
    this.lags = new Range(moved);
  }

  /** The place among the steps at x, among the lags at y; not whole, also beside the map. */
  stepPlaceAt(x: number): number {
    return this.steps.first + ((x - this.view.left) / this.view.width) * this.steps.count;
  }

  lagPlaceAt(y: number): number {
    return this.lags.first + ((y - mapTop) / mapHeight) * this.lags.count;
  }

  /** The place of a training step among the steps. */
  placeOf(step: number): number {
    return step - this.first;
  }

  /** CSS pixels from step to step. */
  get pitch(): number {
    return this.view.width / this.steps.count;
  }

  /** Another run: all of it is in view. */
  clear(): void {
    this.steps.showAll();
    this.lags.showAll();
  }

  /** What stands at a place of the figure; null beside it. */
  placeAt(x: number, y: number): Place | null {
    const { left, width } = this.view;
    if (x < left || x > left + width) return null;
    const step = this.first + Math.round(this.stepPlaceAt(x));
    return { step, lag: y >= mapTop && y < mapTop + mapHeight ? Math.floor(this.lagPlaceAt(y)) : null };
  }

  /** Recolors the heatmap: for new rows, another theme or width. */
  paint(
    rows: OverTraining,
    metrics: Metrics,
    { left, width }: Pick<OverTrainingView, 'left' | 'width'>,
    theme: Theme,
  ): void {
    this.view = { left, width };
    const lags = Math.max(1, rows.lags);
    this.lags.grow(lags);
    const first = Math.min(rows.rows[0]?.step ?? Infinity, metrics.normBefore.points[0]?.x ?? Infinity);
    const last = Math.max(rows.rows.at(-1)?.step ?? 0, metrics.latest?.step ?? 0);
    this.first = Number.isFinite(first) ? first : 0;
    this.steps.grow(Math.max(last - this.first, 1));
    const columns = Math.max(1, Math.round(width));
    const values = new Float32Array(columns * lags).fill(NaN);
    // What stands before the steps in view, too, stands until the next row.
    let next = rows.rows.filter(({ step }) => step < this.first + this.steps.first).length;
    let latest = next > 0 ? rows.rows[next - 1].relative : null;
    for (let column = 0; column < columns; column++) {
      const until = this.first + this.steps.first + ((column + 1) / columns) * this.steps.count;
      const at = column * lags;
      let isFirst = true;
      while (next < rows.rows.length && rows.rows[next].step <= until + (column === columns - 1 ? 0.5 : 0)) {
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
    this.scale.show(flowMap(theme.kind));
  }

  draw(fullWidth: number, rows: OverTraining, metrics: Metrics, view: OverTrainingView, theme: Theme): void {
    this.figure.render(fullWidth, height, (pen) => this.drawOn(pen, rows, metrics, view, theme));
  }

  private drawOn(pen: Pen, rows: OverTraining, metrics: Metrics, view: OverTrainingView, theme: Theme): void {
    pen.font = `${labelSize}px ${theme.font}`;
    this.drawNorms(pen, metrics, theme);
    this.image.draw(
      pen,
      { left: view.left, width: view.width, first: 0, count: this.columns },
      { top: mapTop, height: mapHeight, first: this.lags.first, count: this.lags.count },
    );
    this.within(pen, mapTop, mapHeight, () => this.drawHorizons(pen, rows, theme));
    this.drawMarks(pen, rows, theme);
    this.drawAxes(pen, theme);
    this.scale.draw(pen, view.left + view.width, mapTop, mapHeight, theme);
    if (view.traveled !== null) this.drawStep(pen, view.traveled, theme, true);
    if (view.pointed) this.drawStep(pen, view.pointed.step, theme, false);
  }

  /** Where a training step stands. */
  xOf(step: number): number {
    return this.view.left + ((this.placeOf(step) - this.steps.first) / this.steps.count) * this.view.width;
  }

  private isInView(step: number): boolean {
    const place = this.placeOf(step) - this.steps.first;
    return place >= 0 && place <= this.steps.count;
  }

  private yOfLag(lag: number): number {
    return mapTop + ((lag - this.lags.first) / this.lags.count) * mapHeight;
  }

  /** What lies beside the steps in view, or above or below, is not drawn. */
  private within(pen: Pen, top: number, height: number, draw: () => void): void {
    const { left, width } = this.view;
    pen.save();
    pen.beginPath();
    pen.rect(left - 1, top, width + 2, height);
    pen.clip();
    draw();
    pen.restore();
  }

  private drawNorms(pen: Pen, metrics: Metrics, theme: Theme): void {
    const all = [metrics.normBefore.points, metrics.normAfter.points];
    let [min, max] = [Infinity, 0];
    for (const { y } of all.flat()) {
      min = Math.min(min, y);
      max = Math.max(max, y);
    }
    const { left, width } = this.view;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    pen.fillStyle = theme.dim;
    pen.fillText(this.texts.get('panel.norm.title'), left + width, 7);
    if (max === 0) return;
    const low = Math.floor(Math.log10(min));
    const high = Math.max(low + 1, Math.ceil(Math.log10(max)));
    const y = (norm: number): number => normTop + ((high - Math.log10(norm)) / (high - low)) * normHeight;
    for (const power of high - low > 1 ? [high, low] : [high, low]) {
      pen.fillText(
        powerOfTen(power),
        left - 8,
        Math.min(Math.max(y(10 ** power), normTop + 3), normTop + normHeight - 3),
      );
      pen.fillStyle = theme.line;
      pen.fillRect(left, Math.round(y(10 ** power)), width, 1);
      pen.fillStyle = theme.dim;
    }
    this.within(pen, normTop - 1, normHeight + 3, () => {
      for (const [points, color] of [
        [metrics.normBefore.points, theme.dim],
        [metrics.normAfter.points, theme.accent],
      ] as const)
        this.drawLine(pen, points, y, color);
      pen.fillStyle = theme.second;
      for (const point of metrics.clipped.points)
        pen.fillRect(Math.round(this.xOf(point.x)) - 1, Math.round(y(point.y)) - 1, 3, 3);
    });
  }

  private drawLine(pen: Pen, points: readonly Point[], y: (norm: number) => number, color: string): void {
    pen.strokeStyle = color;
    pen.lineWidth = 1;
    pen.lineJoin = 'round';
    pen.beginPath();
    for (const point of points) pen.lineTo(this.xOf(point.x), y(point.y));
    pen.stroke();
  }

  /** From row to row; broken where the gradient reaches the whole text. */
  private drawHorizons(pen: Pen, { rows }: OverTraining, theme: Theme): void {
    for (const [color, lineWidth] of [
      [theme.background, 3.5],
      [theme.foreground, 1.2],
    ] as const) {
      pen.strokeStyle = color;
      pen.lineWidth = lineWidth;
      pen.lineJoin = 'round';
      pen.beginPath();
      let open = false;
      rows.forEach(({ step, horizon }, i) => {
        if (Number.isNaN(horizon)) {
          open = false;
          return;
        }
        const [x, y] = [this.xOf(step), this.yOfLag(horizon)];
        if (open) pen.lineTo(x, y);
        else pen.moveTo(x, y);
        pen.lineTo(this.xOf(rows.at(i + 1)?.step ?? step) + 0.5, y);
        open = true;
      });
      pen.stroke();
    }
  }

  /** Where something overflowed. */
  private drawMarks(pen: Pen, rows: OverTraining, theme: Theme): void {
    pen.fillStyle = theme.exploding;
    pen.textBaseline = 'middle';
    for (const overflow of rows.overflows) {
      const step = Math.min(overflow, this.first + this.steps.total);
      if (!this.isInView(step)) continue;
      const x = Math.round(this.xOf(step));
      pen.fillRect(x - 1, normTop, 2, mapTop + mapHeight - normTop);
      pen.textAlign = x > this.view.left + this.view.width / 2 ? 'right' : 'left';
      pen.fillText(
        this.texts.get('panel.overTraining.overflow'),
        x + (pen.textAlign === 'right' ? -4 : 4),
        normTop + 5,
      );
    }
  }

  private drawAxes(pen: Pen, theme: Theme): void {
    const { left, width } = this.view;
    const { numbers } = this.texts;
    pen.fillStyle = theme.dim;
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    const [nearest, farthest] = [Math.floor(this.lags.first), Math.ceil(this.lags.first + this.lags.count) - 1];
    pen.fillText(this.texts.get('panel.overTraining.lagOf', numbers.integer(nearest)), left - 8, mapTop + 6, left - 10);
    if (farthest > nearest)
      pen.fillText(
        this.texts.get('panel.overTraining.lagOf', numbers.integer(farthest)),
        left - 8,
        mapTop + mapHeight - 5,
        left - 10,
      );
    pen.textBaseline = 'alphabetic';
    pen.textAlign = 'left';
    pen.fillText(
      this.texts.get('panel.header.step', numbers.integer(this.first + Math.round(this.steps.first))),
      left,
      height - 6,
    );
    pen.textAlign = 'right';
    pen.fillText(
      this.texts.get(
        'panel.header.step',
        numbers.integer(this.first + Math.round(this.steps.first + this.steps.count)),
      ),
      left + width,
      height - 6,
    );
  }

  private drawStep(pen: Pen, step: number, theme: Theme, traveled: boolean): void {
    if (!this.isInView(step)) return;
    const x = Math.round(this.xOf(step));
    pen.fillStyle = theme.background;
    pen.fillRect(x - 1, normTop - 2, 3, mapTop + mapHeight - normTop + 4);
    pen.fillStyle = theme.foreground;
    if (traveled) pen.fillRect(x - 0.5, normTop - 2, 2, mapTop + mapHeight - normTop + 4);
    else for (let y = normTop; y < mapTop + mapHeight; y += 4) pen.fillRect(x, y, 1, 2);
  }
}
