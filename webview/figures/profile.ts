/** The profile: one line per layer and state, the size of the gradient over time, on a logarithmic axis. */
import type { FrameHeader } from '../../src/protocol/frame';
import { centreOf, edgeOf, type Columns } from '../columns';
import type { FlowRow } from '../flowRows';
import { powerOfTen } from '../format';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { drawBand, drawColumnMarks, FigureCanvas, labelSize, type Marked } from './canvas';
import type { Pen } from './pen';
import { traceLine } from './line';
import { stretches, type Stretch } from './regions';

const height = 138;
/** Room over the plot for the target's name. */
const top = 17;
const bottom = height - 6;
/** The axis takes the smallest of these that holds the data, so that it rarely changes while frames come in. */
const lowest = [-4, -8, -16, -32, -64, -128, -256, -512];
const highest = [0.5, 4, 8, 16, 32, 64, 128, 256, 512];
/** Most powers of ten named on the axis. */
const mostTicks = 6;

interface Axis {
  readonly low: number;
  readonly high: number;
  y(relative: number): number;
}

export class ProfileFigure {
  readonly figure = new FigureCanvas('profile');

  constructor(private readonly texts: Texts) {}

  draw(width: number, header: FrameHeader, rows: readonly FlowRow[], columns: Columns, theme: Theme, marked: Marked): void {
    this.figure.render(width, height, (pen) => this.drawOn(pen, width, header, rows, columns, theme, marked));
  }

  private drawOn(pen: Pen, width: number, header: FrameHeader, rows: readonly FlowRow[], columns: Columns, theme: Theme, marked: Marked): void {
    const axis = axisFor(rows);
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'middle';
    const bands = stretches(header);
    for (const band of bands) {
      drawBand(pen, columns, theme, band.kind === 'vanishing' ? theme.vanishing : theme.exploding, band.from, band.to, top, height);
    }
    this.drawAxis(pen, axis, columns, theme);
    this.drawThresholds(pen, header, axis, columns, theme);
    rows.forEach((row, i) => drawLine(pen, row, axis, columns, theme, i, rows.length));
    if (rows.length > 1) this.drawNames(pen, rows, axis, columns, theme);
    for (const kind of ['vanishing', 'exploding'] as const) {
      const widest = bands.filter((band) => band.kind === kind).sort((a, b) => b.to - b.from - (a.to - a.from));
      if (widest.length > 0) this.drawBandName(pen, widest[0], header, axis, columns, theme, width);
    }
    drawColumnMarks(pen, columns, theme, marked, top - 3, height);
    this.drawTarget(pen, header.target, columns, theme, width);
  }

  private drawAxis(pen: Pen, axis: Axis, columns: Columns, theme: Theme): void {
    const right = columns.left + columns.width;
    let stride = 1;
    while (Math.floor(axis.high - axis.low) / stride > mostTicks) stride *= 2;
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

  private drawThresholds(pen: Pen, header: FrameHeader, axis: Axis, columns: Columns, theme: Theme): void {
    for (const [power, colour] of [[header.thresholds.vanishing, theme.vanishing], [header.thresholds.exploding, theme.exploding]] as const) {
      if (power < axis.low || power > axis.high) continue;
      const y = Math.round(axis.y(power)) + 0.5;
      pen.strokeStyle = colour;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      pen.moveTo(columns.left, y);
      pen.lineTo(columns.left + columns.width, y);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  /** Each line's name in the left margin, level with its first value, and apart from the others. */
  private drawNames(pen: Pen, rows: readonly FlowRow[], axis: Axis, columns: Columns, theme: Theme): void {
    const spacing = Math.min(labelSize + 2, (bottom - top) / rows.length);
    const names = rows
      .map((row, i) => ({ row, i, y: axis.y(row.relative.find((r) => Number.isFinite(r)) ?? axis.low) }))
      .sort((a, b) => a.y - b.y);
    for (let i = 1; i < names.length; i++) names[i].y = Math.max(names[i].y, names[i - 1].y + spacing);
    const over = names[names.length - 1].y - bottom;
    for (let i = names.length - 1, limit = bottom; over > 0 && i >= 0; i--, limit -= spacing) names[i].y = Math.min(names[i].y, limit);
    pen.textAlign = 'right';
    for (const { row, i, y } of names) {
      pen.fillStyle = i === 0 ? theme.foreground : theme.dim;
      pen.fillText(this.texts.row(row), columns.left - 8, y, columns.left - 10);
    }
  }

  private drawBandName(pen: Pen, band: Stretch, header: FrameHeader, axis: Axis, columns: Columns, theme: Theme, width: number): void {
    const beyond = band.from === 0 && band.to < header.target;
    const name = beyond ? this.texts.get(band.kind === 'vanishing' ? 'vanishingBeyond' : 'explodingBeyond', this.texts.numbers.integer(header.target - band.to)) : this.texts.get(band.kind);
    const left = edgeOf(columns, band.from) + 6;
    const room = edgeOf(columns, band.to + 1) - left;
    const size = pen.measureText(name).width;
    if (room < 12 || left + size > width || (!beyond && size > room)) return;
    // Out of the lines' way: what vanishes runs low, what explodes runs high.
    const y = band.kind === 'vanishing' ? Math.min(axis.y(0) + 12, bottom) : bottom - 6;
    pen.textAlign = 'left';
    pen.strokeStyle = theme.background;
    pen.lineWidth = 3;
    pen.lineJoin = 'round';
    pen.strokeText(name, left, y);
    pen.fillStyle = band.kind === 'vanishing' ? theme.vanishing : theme.exploding;
    pen.fillText(name, left, y);
  }

  private drawTarget(pen: Pen, target: number, columns: Columns, theme: Theme, width: number): void {
    const x = centreOf(columns, target);
    const name = this.texts.get('target');
    const half = pen.measureText(name).width / 2;
    pen.fillStyle = theme.foreground;
    pen.textAlign = 'center';
    pen.fillText(name, Math.min(Math.max(x, half), width - half), 6);
  }
}

function axisFor(rows: readonly FlowRow[]): Axis {
  let [least, most] = [0, 0];
  for (const { relative } of rows) {
    for (const r of relative) {
      if (r < least && r > Number.NEGATIVE_INFINITY) least = r;
      if (r > most && r < Number.POSITIVE_INFINITY) most = r;
    }
  }
  const low = lowest.find((bound) => bound <= least) ?? lowest[lowest.length - 1];
  const high = highest.find((bound) => bound >= most) ?? highest[highest.length - 1];
  return { low, high, y: (relative) => top + ((high - Math.min(high, Math.max(low, relative))) / (high - low)) * (bottom - top) };
}

/** Where there are more steps than pixels, each pixel column takes its lowest and its highest value. */
function drawLine(pen: Pen, row: FlowRow, axis: Axis, columns: Columns, theme: Theme, index: number, count: number): void {
  pen.save();
  pen.beginPath();
  pen.rect(columns.left, 0, columns.width, height);
  pen.clip();
  pen.strokeStyle = index === 0 ? theme.foreground : theme.dim;
  pen.lineWidth = index === 0 && count > 1 ? 1.8 : 1.4;
  pen.lineJoin = 'round';
  traceLine(pen, row.relative, columns, (value) => axis.y(value));
  pen.restore();
}
