/**
 * The text under the heatmap. Where columns are wide enough each token stands in its column. Where they are not, the strip
 * is a reading glass: it shows as many tokens as can be read, and two lines lead from them to their place in the heatmap.
 */
import type { FrameHeader } from '../../src/protocol/frame';
import { cssColour, flowMap } from '../colours/maps';
import { centreOf, columnWidth, edgeOf, type Columns } from '../columns';
import type { FlowRow } from '../flowRows';
import { isMarked, visibleSymbol } from '../symbols';
import type { Theme } from '../theme';
import { drawColumnMarks, drawHatching, FigureCanvas, type Marked } from './canvas';

const textSize = 13;
/** Between the heatmap and the text, when the strip is a reading glass. */
const leaders = 14;
const textHeight = 22;
/** The line of the top layer's colour under each token. */
const underline = 4;
const smallestPitch = 7;

export class TokenStrip {
  readonly figure = new FigureCanvas('tokens');
  /** First token shown when not all are. */
  private first = 0;
  private shown: Columns | null = null;
  private readonly widths = new Map<string, number>();

  /** The columns of the tokens shown, as drawn last. */
  get columns(): Columns | null {
    return this.shown;
  }

  /** Brings a step to the middle of the glass. */
  centre(step: number): void {
    this.first = step - Math.floor((this.shown?.count ?? 0) / 2);
  }

  /** Moves the glass no farther than is needed to have the step well inside. */
  follow(step: number): void {
    const count = this.shown?.count ?? 0;
    const margin = Math.min(8, Math.floor(count / 4));
    this.first = Math.min(this.first, step - margin);
    this.first = Math.max(this.first, step + margin + 1 - count);
  }

  draw(width: number, header: FrameHeader, top: FlowRow | undefined, columns: Columns, theme: Theme, marked: Marked): void {
    const font = `${textSize}px ${theme.textFont}`;
    const { tokens } = header;
    this.figure.context.font = font;
    const pitch = this.pitch(tokens, font);
    const glass = columnWidth(columns) < pitch;
    const count = glass ? Math.max(1, Math.min(tokens.length, Math.floor(columns.width / pitch))) : tokens.length;
    this.first = Math.max(0, Math.min(this.first, tokens.length - count));
    const shown = { left: columns.left, width: columns.width, first: this.first, count };
    this.shown = shown;

    const textTop = glass ? leaders : 2;
    const height = textTop + textHeight + underline;
    const context = this.figure.begin(width, height);
    if (glass) drawLeaders(context, columns, shown, theme);
    context.font = font;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const map = flowMap(theme.kind);
    for (let t = shown.first; t < shown.first + shown.count; t++) {
      const left = edgeOf(shown, t);
      const relative = top?.relative[t] ?? Number.NaN;
      context.fillStyle = isMarked(tokens[t]) ? theme.dim : theme.foreground;
      context.fillText(visibleSymbol(tokens[t]), centreOf(shown, t), textTop + textHeight / 2, columnWidth(shown) - 0.5);
      if (Number.isNaN(relative)) {
        drawHatching(context, theme, left, textTop + textHeight, columnWidth(shown), underline);
      } else {
        context.fillStyle = cssColour(map.colourOf(relative));
        context.fillRect(left, textTop + textHeight, columnWidth(shown) + 0.3, underline);
      }
    }
    drawColumnMarks(context, shown, theme, marked, textTop, height);
  }

  /** Width a token needs to be read: that of nearly all the tokens here; the few wider ones are squeezed. */
  private pitch(tokens: readonly string[], font: string): number {
    const widths = tokens.map((token) => {
      const key = font + '\n' + token;
      let width = this.widths.get(key);
      if (width === undefined) {
        width = this.figure.context.measureText(visibleSymbol(token)).width;
        if (this.widths.size > 4096) this.widths.clear();
        this.widths.set(key, width);
      }
      return width;
    });
    widths.sort((a, b) => a - b);
    return Math.max(smallestPitch, Math.min(widths[Math.floor(0.95 * (widths.length - 1))], 4 * textSize) + 0.5);
  }
}

/** From the place in the heatmap (`all`) of the tokens `shown` to the strip. */
function drawLeaders(context: CanvasRenderingContext2D, all: Columns, shown: Columns, theme: Theme): void {
  const [from, to] = [edgeOf(all, shown.first), edgeOf(all, shown.first + shown.count)];
  const [left, right] = [shown.left, shown.left + shown.width];
  context.fillStyle = theme.dim;
  context.globalAlpha = 0.12;
  context.beginPath();
  context.moveTo(from, 0);
  context.lineTo(to, 0);
  context.lineTo(right, leaders);
  context.lineTo(left, leaders);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = theme.dim;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(left + 0.5, leaders);
  context.lineTo(from + 0.5, 0.5);
  context.lineTo(to - 0.5, 0.5);
  context.lineTo(right - 0.5, leaders);
  context.stroke();
}
