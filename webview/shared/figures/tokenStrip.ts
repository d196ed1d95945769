/**
 * The text under the heatmap. Where columns are wide enough each token stands in its column. Where they are not, the strip
 * is a reading glass: it shows as many tokens as can be read, and two lines lead from them to their place in the heatmap.
 */
import type { FrameHeader } from '../../../src/protocol/frame';
import { cssColor, flowMap } from '../colors/maps';
import { centerOf, columnWidth, edgeOf, stepsInView, type Columns } from '../columns';
import type { FlowRow } from '../flowRows';
import { isMarked, visibleSymbol } from '../symbols';
import type { Theme } from '../theme';
import { drawColumnMarks, drawHatching, FigureCanvas, type Marked } from './canvas';
import type { Pen } from './pen';

const textSize = 13;
/** Between the heatmap and the text, when the strip is a reading glass. */
const leaders = 14;
const textHeight = 22;
/** The line of the top layer's color under each token. */
const underline = 4;
const minPitch = 7;

export class TokenStrip {
  readonly figure = new FigureCanvas('tokens');
  /** First token shown when not all are. */
  private first = 0;
  private shown: Columns | null = null;
  private readonly widths = new Map<string, number>();
  private measured: { tokens: readonly string[]; font: string; pitch: number } = {
    tokens: [],
    font: '',
    pitch: minPitch,
  };

  /** The columns of the tokens shown, as drawn last. */
  get columns(): Columns | null {
    return this.shown;
  }

  /** Brings a step to the middle of the glass. */
  center(step: number): void {
    this.first = step - Math.floor((this.shown?.count ?? 0) / 2);
  }

  /** Moves the glass no further than is needed to have the step well inside. */
  follow(step: number): void {
    const count = this.shown?.count ?? 0;
    const margin = Math.min(8, Math.floor(count / 4));
    this.first = Math.min(this.first, step - margin);
    this.first = Math.max(this.first, step + margin + 1 - count);
  }

  draw(
    width: number,
    header: FrameHeader,
    top: FlowRow | undefined,
    columns: Columns,
    theme: Theme,
    marked: Marked,
  ): void {
    const font = `${textSize}px ${theme.textFont}`;
    const pitch = this.pitch(header.tokens, font);
    const isGlass = columnWidth(columns) < pitch;
    const shown = isGlass ? this.glass(columns, pitch, header.tokens.length) : columns;
    this.shown = shown;
    this.figure.render(width, leaders + textHeight + underline, (pen) => {
      if (isGlass) drawLeaders(pen, columns, shown, theme);
      pen.font = font;
      drawTokens(pen, header.tokens, top, shown, theme, isGlass ? leaders : 2, marked);
    });
  }

  /** As many tokens as can be read, of those in view. */
  private glass(columns: Columns, pitch: number, total: number): Columns {
    const { from, to } = stepsInView(columns, total);
    const count = Math.max(1, Math.min(to - from + 1, Math.floor(columns.width / pitch)));
    this.first = Math.max(from, Math.min(this.first, to + 1 - count));
    return { left: columns.left, width: columns.width, first: this.first, count };
  }

  /** Width a token needs to be read: that of nearly all the tokens here; the few wider ones are squeezed. */
  private pitch(tokens: readonly string[], font: string): number {
    if (tokens === this.measured.tokens && font === this.measured.font) return this.measured.pitch;
    const widths = tokens.map((token) => {
      const key = font + '\n' + token;
      let width = this.widths.get(key);
      if (width === undefined) {
        width = this.figure.measure(visibleSymbol(token), font);
        if (this.widths.size > 4096) this.widths.clear();
        this.widths.set(key, width);
      }
      return width;
    });
    widths.sort((a, b) => a - b);
    const pitch = Math.max(minPitch, Math.min(widths[Math.floor(0.95 * (widths.length - 1))], 4 * textSize) + 0.5);
    this.measured = { tokens, font, pitch };
    return pitch;
  }
}

/** The tokens in their columns, each with a line of its color in the top layer under it, where one layer is meant. */
function drawTokens(
  pen: Pen,
  tokens: readonly string[],
  top: FlowRow | undefined,
  columns: Columns,
  theme: Theme,
  textTop: number,
  marked: Marked,
): void {
  const pitch = columnWidth(columns);
  const { from, to } = stepsInView(columns, tokens.length);
  const map = flowMap(theme.kind);
  const lineTop = textTop + textHeight;
  pen.save();
  pen.beginPath();
  pen.rect(columns.left, textTop, columns.width, textHeight + underline);
  pen.clip();
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  for (let t = from; t <= to; t++) {
    const left = edgeOf(columns, t);
    const relative = top?.relative[t] ?? Number.NaN;
    pen.fillStyle = isMarked(tokens[t]) ? theme.dim : theme.foreground;
    pen.fillText(visibleSymbol(tokens[t]), centerOf(columns, t), textTop + textHeight / 2, pitch - 0.5);
    if (!top) continue;
    if (Number.isNaN(relative)) drawHatching(pen, theme, left, lineTop, pitch, underline);
    else {
      pen.fillStyle = cssColor(map.colorOf(relative));
      pen.fillRect(left, lineTop, pitch + 0.3, underline);
    }
  }
  pen.restore();
  drawColumnMarks(pen, columns, theme, marked, textTop, lineTop + underline);
}

/** From the place in the heatmap (`all`) of the tokens `shown` to the strip. */
function drawLeaders(pen: Pen, all: Columns, shown: Columns, theme: Theme): void {
  const [from, to] = [edgeOf(all, shown.first), edgeOf(all, shown.first + shown.count)];
  const [left, right] = [shown.left, shown.left + shown.width];
  pen.fillStyle = theme.dim;
  pen.globalAlpha = 0.12;
  pen.beginPath();
  pen.moveTo(from, 0);
  pen.lineTo(to, 0);
  pen.lineTo(right, leaders);
  pen.lineTo(left, leaders);
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = theme.dim;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(left + 0.5, leaders);
  pen.lineTo(from + 0.5, 0.5);
  pen.lineTo(to - 0.5, 0.5);
  pen.lineTo(right - 0.5, leaders);
  pen.stroke();
}
