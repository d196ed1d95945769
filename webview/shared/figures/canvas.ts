/** A canvas that is as sharp as the screen, and what every figure over the text draws alike. */
import { centerOf, columnWidth, edgeOf, type Columns } from '../columns';
import type { ExportedFigure } from '../exporting/exported';
import type { Theme } from '../theme';
import type { Pen } from './pen';

/** Size of the small print on canvases, CSS pixels. */
export const labelSize = 11;

export class FigureCanvas {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private width = 0;
  private height = 0;
  private drawn: ((pen: Pen) => void) | null = null;
  private description = '';

  /** `name` is the canvas's data-figure. */
  constructor(name: string) {
    this.canvas = document.createElement('canvas');
    this.canvas.dataset['figure'] = name;
    this.canvas.setAttribute('role', 'img');
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('This browser gives no 2D canvas.');
    this.context = context;
  }

  /** Clears, takes a size, and draws, all in CSS pixels. What is drawn is kept, to be drawn again where it is exported. */
  render(width: number, height: number, draw: (pen: Pen) => void): void {
    const ratio = window.devicePixelRatio;
    const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== deviceWidth || this.canvas.height !== deviceHeight) {
      this.canvas.width = deviceWidth;
      this.canvas.height = deviceHeight;
    }
    if (this.width !== width || this.height !== height) {
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      this.width = width;
      this.height = height;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.drawn = draw;
    draw(this.context);
  }

  /** The width of a text in a font, for those who lay out before they draw. CSS pixels. */
  measure(text: string, font: string): number {
    this.context.font = font;
    return this.context.measureText(text).width;
  }

  /** The text alternative. */
  describe(text: string): void {
    if (this.description === text) return;
    this.description = text;
    this.canvas.setAttribute('aria-label', text);
  }

  /** What was drawn last, to take away. */
  exported(id: string, title: string): ExportedFigure {
    return {
      id,
      title,
      description: this.description,
      width: this.width,
      height: this.height,
      draw: (pen) => this.drawn?.(pen),
    };
  }
}

/** The steps that stand out, the same in every figure. */
export interface Marked {
  readonly target: number;
  readonly mark: number | null;
}

/** The target's and the marked step's columns from `top` to `bottom`: thin lines on both sides, solid for the marked one. */
export function drawColumnMarks(
  pen: Pen,
  columns: Columns,
  theme: Theme,
  { target, mark }: Marked,
  top: number,
  bottom: number,
): void {
  const outline = (step: number, dash: number[]): void => {
    if (step + 1 <= columns.first || step >= columns.first + columns.count) return;
    const wide = Math.max(columnWidth(columns), 3);
    const left = Math.round(centerOf(columns, step) - wide / 2) - 0.5;
    const right = Math.round(centerOf(columns, step) + wide / 2) + 0.5;
    pen.setLineDash(dash);
    pen.beginPath();
    for (const x of [left, right]) {
      pen.moveTo(x, top);
      pen.lineTo(x, bottom);
    }
    pen.stroke();
    pen.setLineDash([]);
  };
  pen.lineWidth = 1;
  pen.strokeStyle = theme.foreground;
  outline(target, [2, 2]);
  if (mark !== null) outline(mark, []);
}

/** Diagonal hatching: here is nothing to color. */
export function drawHatching(pen: Pen, theme: Theme, x: number, y: number, width: number, height: number): void {
  if (width <= 0) return;
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.strokeStyle = theme.dim;
  pen.globalAlpha = 0.45;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let start = x - height - ((x - height) % 5); start < x + width; start += 5) {
    pen.moveTo(start, y + height);
    pen.lineTo(start + height, y);
  }
  pen.stroke();
  pen.restore();
}

/** A stretch of steps, tinted; in high contrast, outlined. */
export function drawBand(
  pen: Pen,
  columns: Columns,
  theme: Theme,
  color: string,
  from: number,
  to: number,
  top: number,
  bottom: number,
): void {
  const left = Math.max(columns.left, edgeOf(columns, from));
  const width = Math.min(columns.left + columns.width, edgeOf(columns, to + 1)) - left;
  if (width <= 0) return;
  pen.save();
  pen.fillStyle = color;
  pen.globalAlpha = theme.highContrast ? 0.18 : 0.11;
  pen.fillRect(left, top, width, bottom - top);
  if (theme.highContrast) {
    pen.globalAlpha = 1;
    pen.strokeStyle = color;
    pen.strokeRect(left + 0.5, top + 0.5, width - 1, bottom - top - 1);
  }
  pen.restore();
}
