/** The profile: one line per layer and state, or tensor, the size of the gradient over time, on a logarithmic axis. */
import type { FlowRegion, FrameHeader } from '../../../src/protocol/frame';
import { centerOf, columnWidth, edgeOf, type Columns } from '../../shared/columns';
import type { FlowRow } from '../../shared/flowRows';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { drawBand, drawColumnMarks, FigureCanvas, labelSize, type Marked } from '../../shared/figures/canvas';
import { clipToColumns, traceLine } from '../../shared/figures/line';
import type { Pen } from '../../shared/figures/pen';
import { stretches, type Stretch } from './regions';

const height = 150;
/** Room over the plot for the target's name. */
const top = 17;
/** Under it, for the horizons' lags. */
const bottom = height - 16;
/** The axis takes the smallest of these that holds the data, so that it rarely changes while frames come in. */
const lowest = [-4, -8, -12, -16, -24, -32, -48, -64, -96, -128, -192, -256, -512];
const highest = [0.5, 4, 8, 16, 32, 64, 128, 256, 512];
/** Most powers of ten named on the axis. */
const maxTicks = 6;
/** Most lines that are named. */
const maxNames = 10;

interface Axis {
  readonly low: number;
  readonly high: number;
  y(relative: number): number;
}

export interface ProfileScene {
  readonly header: FrameHeader;
  /** What is drawn in full, and speaks of regions and horizons unless it is the total gradient. */
  readonly rows: readonly FlowRow[];
  /** Drawn faint, to compare with: of the total gradient, the per-target. */
  readonly behind: readonly FlowRow[];
  /** Of the rows. */
  readonly regions: readonly FlowRegion[];
  readonly columns: Columns;
  readonly theme: Theme;
  readonly marked: Marked;
  /** The stretch being dragged over, CSS pixels. */
  readonly brush: readonly [from: number, to: number] | null;
}

export class ProfileFigure {
  readonly figure = new FigureCanvas('profile');

  constructor(private readonly texts: Texts) {}

  draw(width: number, scene: ProfileScene): void {
    this.figure.render(width, height, (pen) => this.drawOn(pen, width, scene));
  }

  private drawOn(pen: Pen, width: number, scene: ProfileScene): void {
    const { header, rows, behind, regions, columns, theme, marked, brush } = scene;
    const axis = axisFor([...rows, ...behind]);
    const isTotal = behind.length > 0;
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'middle';
    const bands = isTotal ? [] : stretches(regions, header.tokens.length, rows.length);
    for (const band of bands) drawBand(pen, columns, theme, toneOf(band.kind, theme), band.from, band.to, top, height);
    this.drawAxis(pen, axis, columns, theme);
    if (!isTotal) this.drawThresholds(pen, header, axis, columns, theme);
    behind.forEach((row) => drawLine(pen, row, axis, columns, theme.dim, 1, [2, 3]));
    for (const row of rows) {
      const color = row.isMain ? theme.foreground : theme.dim;
      drawLine(pen, row, axis, columns, color, row.isMain && rows.length > 1 ? 1.8 : 1.4, []);
    }
    if (rows.length > 1) this.drawNames(pen, rows, axis, columns, theme);
    if (!isTotal) this.drawHorizons(pen, header, rows, axis, columns, theme);
    for (const kind of ['vanishing', 'exploding'] as const) {
      const widest = bands.filter((band) => band.kind === kind).sort((a, b) => b.to - b.from - (a.to - a.from));
      if (widest.length > 0) this.drawBandName(pen, widest[0], header, axis, columns, theme);
    }
    drawColumnMarks(pen, columns, theme, marked, top - 3, height);
    this.drawTarget(pen, header.target, columns, theme, width);
    if (brush) drawBrush(pen, brush, columns, theme);
  }

  private drawAxis(pen: Pen, axis: Axis, columns: Columns, theme: Theme): void {
    const right = columns.left + columns.width;
    let stride = 1;
    while (Math.floor(axis.high - axis.low) / stride > maxTicks) stride *= 2;
    pen.textAlign = 'left';
    pen.lineWidth = 1;
    for (let power = axis.low; power <= axis.high; power += stride) {
      const y = Math.round(axis.y(power)) + 0.5;
      pen.strokeStyle = theme.line;
      pen.beginPath();
      pen.moveTo(columns.left, y);
      pen.lineTo(right, y);
      pen.stroke();
      pen.fillStyle = theme.dim;
      pen.fillText(powerOfTen(power), right + 6, y);
    }
  }

  private drawThresholds(pen: Pen, { thresholds }: FrameHeader, axis: Axis, columns: Columns, theme: Theme): void {
    for (const [power, color] of [
      [thresholds.vanishing, theme.vanishing],
      [thresholds.exploding, theme.exploding],
    ] as const) {
      if (power < axis.low || power > axis.high) continue;
      const y = Math.round(axis.y(power)) + 0.5;
      pen.strokeStyle = color;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      pen.moveTo(columns.left, y);
      pen.lineTo(columns.left + columns.width, y);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  /** Each line's name in the left margin, level with its first value in view, and apart from the others. */
  private drawNames(pen: Pen, rows: readonly FlowRow[], axis: Axis, columns: Columns, theme: Theme): void {
    // Of more than there is room for, the one that speaks for all.
    const named = rows.length <= maxNames ? rows : rows.filter(({ isMain }) => isMain);
    const spacing = Math.min(labelSize + 2, (bottom - top) / named.length);
    const first = Math.max(0, Math.floor(columns.first));
    const names = named
      .map((row) => ({
        row,
        y: axis.y(row.relative.find((r, t) => t >= first && Number.isFinite(r)) ?? axis.low),
      }))
      .sort((a, b) => a.y - b.y);
    for (let i = 1; i < names.length; i++) names[i].y = Math.max(names[i].y, names[i - 1].y + spacing);
    const over = names[names.length - 1].y - bottom;
    for (let i = names.length - 1, limit = bottom; over > 0 && i >= 0; i--, limit -= spacing)
      names[i].y = Math.min(names[i].y, limit);
    pen.textAlign = 'right';
    for (const { row, y } of names) {
      pen.fillStyle = row.isMain ? theme.foreground : theme.dim;
      pen.fillText(this.texts.row(row), columns.left - 8, y, columns.left - 10);
    }
  }

  /** Where each line falls below the vanishing threshold: a line down from there, and the lag. */
  private drawHorizons(
    pen: Pen,
    { target, thresholds }: FrameHeader,
    rows: readonly FlowRow[],
    axis: Axis,
    columns: Columns,
    theme: Theme,
  ): void {
    const y = axis.y(thresholds.vanishing);
    const taken: [from: number, to: number][] = [];
    pen.textAlign = 'center';
    for (const { summary, direction, isOwnStepOnly } of rows) {
      if (summary.horizon === null || summary.level || isOwnStepOnly) continue;
      const step = direction === 'forward' ? target - summary.horizon : target + summary.horizon;
      const x = Math.round(centerOf(columns, step)) + 0.5;
      if (x < columns.left || x > columns.left + columns.width) continue;
      pen.fillStyle = pen.strokeStyle = theme.vanishing;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x, bottom);
      pen.stroke();
      pen.beginPath();
      pen.arc(x, y, 2.5, 0, 2 * Math.PI);
      pen.fill();
      const lag = this.texts.numbers.integer(summary.horizon);
      const name = taken.length === 0 ? this.texts.get('panel.flow.horizonAt', lag) : lag;
      const half = pen.measureText(name).width / 2;
      // Beside the line of the target, not across it.
      const targetAt = centerOf(columns, target);
      const [left, right] =
        direction === 'forward' ? [columns.left, targetAt - 6] : [targetAt + 6, columns.left + columns.width];
      const at = Math.max(Math.min(x, right - half), left + half);
      if (taken.some(([from, to]) => at - half < to + 6 && at + half > from - 6)) continue;
      taken.push([at - half, at + half]);
      pen.fillText(name, at, bottom + 9);
    }
  }

  private drawBandName(pen: Pen, band: Stretch, header: FrameHeader, axis: Axis, columns: Columns, theme: Theme): void {
    const isBeyond = band.from === 0 && band.to < header.target;
    const isVanishing = band.kind === 'vanishing';
    const name = isBeyond
      ? this.texts.get(
          isVanishing ? 'panel.flow.vanishingBeyond' : 'panel.flow.explodingBeyond',
          this.texts.numbers.integer(header.target - band.to),
        )
      : this.texts.get(isVanishing ? 'panel.flow.vanishing' : 'panel.flow.exploding');
    const left = Math.max(columns.left, edgeOf(columns, band.from)) + 6;
    const room = Math.min(columns.left + columns.width, edgeOf(columns, band.to + 1)) - left;
    const size = pen.measureText(name).width;
    if (room < 12 || left + size > columns.left + columns.width || (!isBeyond && size > room)) return;
    // Out of the lines' way: what vanishes runs low, what explodes runs high.
    const y = isVanishing ? lowNameAt(axis, header.thresholds.vanishing) : bottom - 6;
    pen.textAlign = 'left';
    pen.strokeStyle = theme.background;
    pen.lineWidth = 3;
    pen.lineJoin = 'round';
    pen.strokeText(name, left, y);
    pen.fillStyle = toneOf(band.kind, theme);
    pen.fillText(name, left, y);
  }

  private drawTarget(pen: Pen, target: number, columns: Columns, theme: Theme, width: number): void {
    const x = centerOf(columns, target);
    if (x < columns.left || x > columns.left + columns.width) return;
    const name = this.texts.get('panel.flow.target');
    const half = pen.measureText(name).width / 2;
    pen.fillStyle = theme.foreground;
    pen.textAlign = 'center';
    pen.fillText(name, Math.min(Math.max(x, half), width - half), 6);
  }
}

/** Under the target's own level, and not across the threshold's line, which lies as high where the axis spans many powers of ten. */
function lowNameAt(axis: Axis, threshold: number): number {
  const under = axis.y(0) + 12;
  const line = axis.y(threshold);
  const isAcross = threshold >= axis.low && Math.abs(line - under) < labelSize / 2 + 2;
  return Math.min(isAcross ? line + labelSize / 2 + 3 : under, bottom);
}

function toneOf(kind: Stretch['kind'], theme: Theme): string {
  return kind === 'vanishing' ? theme.vanishing : theme.exploding;
}

function axisFor(rows: readonly FlowRow[]): Axis {
  let [min, max] = [0, 0];
  for (const { relative } of rows) {
    for (const r of relative) {
      if (r < min && r > Number.NEGATIVE_INFINITY) min = r;
      if (r > max && r < Number.POSITIVE_INFINITY) max = r;
    }
  }
  const low = lowest.find((bound) => bound <= min) ?? lowest[lowest.length - 1];
  const high = highest.find((bound) => bound >= max) ?? highest[highest.length - 1];
  return {
    low,
    high,
    y: (relative) => top + ((high - Math.min(high, Math.max(low, relative))) / (high - low)) * (bottom - top),
  };
}

function drawLine(
  pen: Pen,
  row: FlowRow,
  axis: Axis,
  columns: Columns,
  color: string,
  lineWidth: number,
  dash: number[],
): void {
  pen.save();
  clipToColumns(pen, columns, 0, height);
  pen.strokeStyle = color;
  pen.lineWidth = lineWidth;
  pen.lineJoin = 'round';
  pen.setLineDash(dash);
  traceLine(pen, row.relative, columns, (value) => axis.y(value));
  pen.restore();
}

/** The stretch that will be zoomed to. */
function drawBrush(pen: Pen, [from, to]: readonly [number, number], columns: Columns, theme: Theme): void {
  const [left, right] = [
    Math.max(columns.left, Math.min(from, to)),
    Math.min(columns.left + columns.width, Math.max(from, to)),
  ];
  pen.save();
  pen.fillStyle = pen.strokeStyle = theme.foreground;
  pen.globalAlpha = 0.15;
  pen.fillRect(left, top, right - left, height - top);
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
  if (right - left > columnWidth(columns))
    pen.strokeRect(Math.round(left) + 0.5, top + 0.5, Math.round(right - left), height - top - 1);
  pen.restore();
}
