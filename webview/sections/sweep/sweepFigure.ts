/** The picture of a sweep: a map of its cells over two axes, what is in each of them in words and pattern, and the scale of its colors. */
import type { PageKey } from '../../../src/messages';
import type { ShownSweep, ShownTrial } from '../../../src/pageContract/sweep';
import { cssColor } from '../../shared/colors/maps';
import { drawHatching, FigureCanvas, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';
import { ScaleBar } from '../../shared/figures/scaleBar';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { orderOf, type Cell, type ChosenAxes, type Measure } from './sweepCells';
import { drawDots, drawFrame, drawLegend, drawTick, legendHeight, patternOf, type LegendItem } from './sweepPatterns';
import { cellAt, colorScale, placesOf, type ColorScale, type Places } from './sweepScale';
import { measureKey, type Quantity, type SweepWords } from './sweepWords';

/** CSS pixels. */
const top = 22;
const right = 62;
const axisHeight = 36;
const [widest, mapHeight, lowest, highest] = [150, 400, 12, 56];
/** Of cells whose axis is logarithmic; narrower ones stand at equal distances. */
const [leastWidth, leastHeight] = [34, 18];
/** Smaller cells have no line around them: little else would be seen. */
const leastFramed = 14;
const valueSize = 13;

const legendKeys = {
  stopped: 'panel.sweep.legend.stopped',
  part: 'panel.sweep.legend.part',
  picked: 'panel.sweep.legend.picked',
  failed: 'panel.sweep.legend.failed',
  begun: 'panel.sweep.legend.begun',
  waiting: 'panel.sweep.legend.waiting',
} as const satisfies Record<LegendItem['pattern'], PageKey>;

export interface SweepPicture {
  readonly sweep: ShownSweep;
  readonly axes: ChosenAxes;
  readonly measure: Measure;
  readonly cells: readonly Cell[];
  /** Trials, by their places in the sweep's list. */
  readonly picked: readonly number[];
}

interface Layout {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly left: number;
  readonly x: Places;
  readonly y: Places;
  readonly width: number;
  readonly height: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class SweepFigure {
  readonly figure = new FigureCanvas('sweep');
  private layout: Layout | null = null;
  private scale: ColorScale | null = null;

  constructor(
    private readonly texts: Texts,
    private readonly words: SweepWords,
  ) {}

  /** @param marked place of a cell in the list */
  draw(picture: SweepPicture, width: number, theme: Theme, marked: number | null): void {
    const layout = this.layOut(picture, width, theme);
    const scale = colorScale(picture.cells, picture.measure, theme.kind);
    this.layout = layout;
    this.scale = scale;
    const font = `${labelSize}px ${theme.font}`;
    const legend = this.legendOf(picture);
    const rows = legendHeight(legend, width - 4, (text) => this.figure.measure(text, font));
    this.figure.render(width, top + layout.height + axisHeight + rows, (pen) => {
      pen.font = font;
      this.drawAxes(pen, picture, layout, theme);
      for (const cell of picture.cells) this.drawCell(pen, picture, cell, layout, scale, theme);
      for (const cell of picture.cells)
        if (cell.trials.some((trial) => picture.picked.includes(trial))) drawTick(pen, theme, boxOf(layout, cell));
      if (marked !== null) drawFrame(pen, boxOf(layout, picture.cells[marked]), theme.foreground, 2, []);
      pen.font = font;
      if (scale) this.barOf(picture, scale).draw(pen, layout.left + layout.width, top, layout.height, theme);
      drawLegend(pen, legend, theme, 2, top + layout.height + axisHeight, width - 4);
    });
  }

  /** Place in the list of the cell under a place in the figure; null beside all. */
  cellAt(x: number, y: number): number | null {
    const { layout } = this;
    if (!layout) return null;
    const column = cellAt(layout.x, x - layout.left);
    const row = cellAt(layout.y, top + layout.height - y);
    return column === null || row === null ? null : row * layout.columns.length + column;
  }

  /** Whether equal factors of the colors' numbers look alike. */
  get isLogarithmic(): boolean {
    return this.scale?.isLogarithmic ?? false;
  }

  private layOut({ sweep, axes }: SweepPicture, width: number, theme: Theme): Layout {
    const [columns, rows] = [axes.x, axes.y].map((axis) => {
      const { values } = sweep.axes[axis];
      return orderOf(values).map((place) => values[place]);
    });
    const font = `${labelSize}px ${theme.font}`;
    const labels = rows.map((row) => this.figure.measure(row, font));
    const left = Math.ceil(Math.min(Math.max(40, ...labels) + 10, width / 3));
    const mapWidth = Math.max(40, Math.min(width - left - right, columns.length * widest));
    const height = rows.length * Math.max(lowest, Math.min(highest, mapHeight / rows.length));
    return {
      columns,
      rows,
      left,
      x: placesOf(columns, mapWidth, leastWidth),
      y: placesOf(rows, height, leastHeight),
      width: mapWidth,
      height,
    };
  }

  private drawAxes(pen: Pen, { sweep, axes, measure }: SweepPicture, layout: Layout, theme: Theme): void {
    const { columns, rows, left, x, y, width, height } = layout;
    pen.fillStyle = theme.dim;
    pen.textBaseline = 'middle';
    pen.textAlign = 'center';
    const widestLabel = Math.max(...columns.map((column) => pen.measureText(column).width));
    const stride = Math.max(1, Math.ceil((widestLabel + 8) / (width / columns.length)));
    columns.forEach((column, i) => {
      // With room for each, none is left out, and a single long one is squeezed.
      const isShown = stride > columns.length || i % stride === 0;
      if (isShown)
        pen.fillText(column, left + middle(x, i), top + height + 11, Math.max(stride * (width / columns.length), 24));
    });
    pen.textAlign = 'right';
    const rowStride = Math.max(1, Math.ceil((labelSize + 2) / (height / rows.length)));
    rows.forEach((row, i) => {
      if (i % rowStride === 0) pen.fillText(row, left - 8, top + height - middle(y, i), left - 10);
    });
    pen.fillStyle = theme.foreground;
    pen.textAlign = 'left';
    pen.fillText(`↑ ${this.named(sweep.axes[axes.y].key, y.isLogarithmic)}`, 2, 9, left + width / 2 - 8);
    pen.textAlign = 'right';
    pen.fillText(`${this.named(sweep.axes[axes.x].key, x.isLogarithmic)} →`, left + width, top + height + 27, width);
    const colored = this.texts.get(measureKey({ measure, lossUnit: sweep.lossUnit }));
    pen.fillText(this.named(colored, this.isLogarithmic), left + width + right - 2, 9, width / 2 + right);
  }

  private named(name: string, isLogarithmic: boolean): string {
    return isLogarithmic ? this.texts.get('panel.sweep.onLogScale', name) : name;
  }

  private drawCell(
    pen: Pen,
    { sweep, measure }: SweepPicture,
    cell: Cell,
    layout: Layout,
    scale: ColorScale | null,
    theme: Theme,
  ): void {
    const box = boxOf(layout, cell);
    const trials = cell.trials.map((trial) => sweep.trials[trial]);
    const { median } = cell;
    if (!median || !scale) {
      this.drawWithoutValue(pen, trials, box, theme);
      return;
    }
    const color = scale.map.colorOf(scale.placeOf(median.value));
    const ink = inkOn(color);
    pen.fillStyle = cssColor(color);
    pen.fillRect(box.x, box.y, box.width, box.height);
    if (Math.min(box.width, box.height) >= leastFramed) drawFrame(pen, box, theme.background, 1, []);
    if (cell.isOfStopped) drawFrame(pen, inset(box, 3), ink, 1, [3, 3]);
    const isPart = median.of < trials.length;
    // Some have no value: the same pattern as where none has.
    if (isPart) {
      pen.fillStyle = theme.background;
      pen.fillRect(box.x + 1, box.y + box.height - 6, box.width - 2, 5);
      drawHatching(pen, theme, box.x + 1, box.y + box.height - 6, box.width - 2, 5);
    }
    const { numbers } = this.texts;
    const below = isPart
      ? this.texts.get('panel.sweep.cell.part', numbers.integer(median.of), numbers.integer(trials.length))
      : trials.length > 1
        ? this.texts.get('panel.sweep.cell.median', numbers.integer(trials.length))
        : cell.isOfStopped && trials[0].step !== null
          ? this.texts.get('panel.sweep.cell.step', numbers.integer(trials[0].step))
          : '';
    const value = this.words.median(median, { measure, lossUnit: sweep.lossUnit });
    this.drawLines(pen, [value, below], box, ink, theme, true);
  }

  private drawWithoutValue(pen: Pen, trials: readonly ShownTrial[], box: Box, theme: Theme): void {
    const pattern = patternOf(trials);
    const within = inset(box, 1);
    if (pattern === 'failed') drawHatching(pen, theme, within.x, within.y, within.width, within.height);
    if (pattern === 'begun') drawDots(pen, theme, within);
    drawFrame(pen, within, theme.line, 1, []);
    if (trials.length > 0) this.drawLines(pen, this.words.withoutValue(trials), box, theme.foreground, theme, false);
  }

  /** As many of the lines as there is room for, in the middle; none that would have to be squeezed. */
  private drawLines(pen: Pen, lines: readonly string[], box: Box, color: string, theme: Theme, isValue: boolean): void {
    const fonts = lines.map((_, i) =>
      i === 0 && isValue ? `600 ${valueSize}px ${theme.font}` : `${labelSize}px ${theme.font}`,
    );
    const fitting: number[] = [];
    const lineHeight = labelSize + 4;
    lines.forEach((line, i) => {
      pen.font = fonts[i];
      const isRoom = (fitting.length + 1) * lineHeight <= box.height - 2;
      if (line !== '' && isRoom && pen.measureText(line).width <= box.width - 6) fitting.push(i);
    });
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    fitting.forEach((i, place) => {
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2 + (place - (fitting.length - 1) / 2) * lineHeight];
      pen.font = fonts[i];
      if (!isValue) {
        // On a pattern, letters need a ground of their own.
        const width = pen.measureText(lines[i]).width + 6;
        pen.fillStyle = theme.background;
        pen.fillRect(x - width / 2, y - lineHeight / 2, width, lineHeight);
      }
      pen.fillStyle = color;
      pen.fillText(lines[i], x, y);
    });
  }

  private barOf(
    { cells, measure, sweep: { lossUnit } }: SweepPicture,
    { map, valueAt, placeOf }: ColorScale,
  ): ScaleBar {
    const highestIsBound = cells.some(
      ({ median }) => median?.relation === 'above' && placeOf(median.value) >= map.high,
    );
    const quantity: Quantity = { measure, lossUnit };
    const bar = new ScaleBar((place) =>
      this.words.median(
        { value: rounded(valueAt(place), measure), relation: highestIsBound && place === map.high ? 'above' : 'equal' },
        quantity,
      ),
    );
    bar.show(map);
    return bar;
  }

  /** Only what occurs. */
  private legendOf({ sweep, cells, picked }: SweepPicture): LegendItem[] {
    const of = (cell: Cell) => cell.trials.map((trial) => sweep.trials[trial]);
    const empty = new Set(
      cells.flatMap((cell) => (cell.median || cell.trials.length === 0 ? [] : [patternOf(of(cell))])),
    );
    const items: LegendItem[] = [];
    const add = (pattern: LegendItem['pattern'], occurs: boolean) => {
      if (occurs) items.push({ pattern, text: this.texts.get(legendKeys[pattern]) });
    };
    add(
      'stopped',
      cells.some(({ isOfStopped }) => isOfStopped),
    );
    add(
      'part',
      cells.some(({ median, trials }) => median !== null && median.of < trials.length),
    );
    for (const pattern of ['failed', 'begun', 'waiting'] as const) add(pattern, empty.has(pattern));
    add('picked', picked.length > 0);
    return items;
  }
}

/** A scale's ends are numbers of cells; what lies between needs no more digits than they have. */
function rounded(value: number, measure: Measure): number {
  return measure === 'horizon' ? Number(value.toPrecision(3)) : value;
}

function middle({ edges }: Places, i: number): number {
  return (edges[i] + edges[i + 1]) / 2;
}

/** In whole pixels: between edges that share one the background would be seen as a line. */
function boxOf({ left, x, y, height }: Layout, { column, row }: Cell): Box {
  const [from, to] = [x.edges[column], x.edges[column + 1]].map((edge) => Math.round(left + edge));
  const [upper, lower] = [y.edges[row + 1], y.edges[row]].map((edge) => Math.round(top + height - edge));
  return { x: from, y: upper, width: to - from, height: lower - upper };
}

function inset({ x, y, width, height }: Box, by: number): Box {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

/** Black or white, whichever is told better from the color: by WCAG's relative luminance. */
function inkOn(color: number): string {
  const channel = (value: number): number => {
    const c = value / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  const luminance =
    0.2126 * channel(color & 255) + 0.7152 * channel((color >> 8) & 255) + 0.0722 * channel((color >> 16) & 255);
  return luminance > 0.179 ? '#000000' : '#ffffff';
}
