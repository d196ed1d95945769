/** A canvas that is as sharp as the screen, and what every figure over the text draws alike. */
import { centreOf, columnWidth, edgeOf, type Columns } from '../columns';
import type { Theme } from '../theme';

export type FigureName = 'profile' | 'flow' | 'tokens' | 'units' | 'scale' | 'overTraining' | 'matrix' | 'comparedProfile' | 'compared' | 'comparedLoss' | 'truncations';

/** Size of the small print on canvases, CSS pixels. */
export const labelSize = 11;

export class FigureCanvas {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  width = 0;
  height = 0;

  constructor(name: FigureName) {
    this.canvas = document.createElement('canvas');
    this.canvas.dataset['figure'] = name;
    this.canvas.setAttribute('role', 'img');
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('This browser gives no 2D canvas.');
    this.context = context;
  }

  /** Clears, and takes a size in CSS pixels; drawing is in CSS pixels from here on. */
  begin(width: number, height: number): CanvasRenderingContext2D {
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
    return this.context;
  }

  /** The text alternative. */
  describe(text: string): void {
    if (this.canvas.getAttribute('aria-label') !== text) this.canvas.setAttribute('aria-label', text);
  }
}

/** The steps that stand out, the same in every figure. */
export interface Marked {
  readonly target: number;
  readonly mark: number | null;
}

/** The target's and the marked step's columns from `top` to `bottom`: thin lines on both sides, solid for the marked one. */
export function drawColumnMarks(context: CanvasRenderingContext2D, columns: Columns, theme: Theme, { target, mark }: Marked, top: number, bottom: number): void {
  const outline = (step: number, dash: number[]): void => {
    if (step < columns.first || step >= columns.first + columns.count) return;
    const wide = Math.max(columnWidth(columns), 3);
    const left = Math.round(centreOf(columns, step) - wide / 2) - 0.5;
    const right = Math.round(centreOf(columns, step) + wide / 2) + 0.5;
    context.setLineDash(dash);
    context.beginPath();
    for (const x of [left, right]) {
      context.moveTo(x, top);
      context.lineTo(x, bottom);
    }
    context.stroke();
    context.setLineDash([]);
  };
  context.lineWidth = 1;
  context.strokeStyle = theme.foreground;
  outline(target, [2, 2]);
  if (mark !== null) outline(mark, []);
}

/** Diagonal hatching: here is nothing to colour. */
export function drawHatching(context: CanvasRenderingContext2D, theme: Theme, x: number, y: number, width: number, height: number): void {
  if (width <= 0) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = theme.dim;
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  for (let start = x - height - ((x - height) % 5); start < x + width; start += 5) {
    context.moveTo(start, y + height);
    context.lineTo(start + height, y);
  }
  context.stroke();
  context.restore();
}

/** A stretch of steps, tinted; in high contrast, outlined. */
export function drawBand(context: CanvasRenderingContext2D, columns: Columns, theme: Theme, colour: string, from: number, to: number, top: number, bottom: number): void {
  const left = edgeOf(columns, from);
  const width = edgeOf(columns, to + 1) - left;
  context.save();
  context.fillStyle = colour;
  context.globalAlpha = theme.highContrast ? 0.18 : 0.11;
  context.fillRect(left, top, width, bottom - top);
  if (theme.highContrast) {
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.strokeRect(left + 0.5, top + 0.5, width - 1, bottom - top - 1);
  }
  context.restore();
}
