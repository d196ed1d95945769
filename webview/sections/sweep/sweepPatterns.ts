/** What tells cells apart that color does not: the patterns of those without a number, and of those that are not like the others; with their legend. */
import type { ShownTrial } from '../../../src/pageContract/sweep';
import { drawHatching, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';
import type { Theme } from '../../shared/theme';

/** Of a cell without a number: hatched, dotted, blank. */
export type Pattern = 'failed' | 'begun' | 'waiting';

export interface LegendItem {
  readonly pattern: Pattern | 'stopped' | 'part' | 'picked';
  readonly text: string;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const [swatchWidth, swatchHeight, lineHeight, gap] = [22, 12, 20, 18];

/** What failed will have no number; what has begun may have one yet. */
export function patternOf(trials: readonly ShownTrial[]): Pattern {
  const states = new Set(trials.map(({ state }) => state));
  if (states.has('begun')) return 'begun';
  if (states.has('waiting')) return 'waiting';
  return 'failed';
}

/** A line inside the edges of a box. */
export function drawFrame(pen: Pen, { x, y, width, height }: Box, color: string, thick: number, dash: number[]): void {
  pen.strokeStyle = color;
  pen.lineWidth = thick;
  pen.setLineDash(dash);
  pen.strokeRect(x + thick / 2, y + thick / 2, Math.max(0, width - thick), Math.max(0, height - thick));
  pen.setLineDash([]);
}

/** CSS pixels: where there is room, and in the smallest cells. */
const [tickSize, leastTick] = [14, 8];

/** In the upper right corner: it is picked. On a ground of its own, so that it is seen on every color and pattern. */
export function drawTick(pen: Pen, theme: Theme, { x, y, width, height }: Box): void {
  const size = Math.max(leastTick, Math.min(tickSize, Math.round(0.4 * Math.min(width, height))));
  const [left, top] = [x + width - size - 1, y + 1];
  pen.fillStyle = theme.foreground;
  pen.fillRect(left, top, size, size);
  pen.strokeStyle = theme.background;
  pen.lineWidth = size / 7;
  pen.beginPath();
  pen.moveTo(left + 0.2 * size, top + 0.55 * size);
  pen.lineTo(left + 0.42 * size, top + 0.76 * size);
  pen.lineTo(left + 0.8 * size, top + 0.26 * size);
  pen.stroke();
}

/** Here something is under way. */
export function drawDots(pen: Pen, theme: Theme, { x, y, width, height }: Box): void {
  pen.fillStyle = theme.dim;
  for (let row = 0; 3 + row * 6 < height - 1; row++)
    for (let column = 0; 3 + (row % 2) * 3 + column * 6 < width - 1; column++)
      pen.fillRect(x + 2.5 + (row % 2) * 3 + column * 6, y + 2.5 + row * 6, 1, 1);
}

/** CSS pixels. @param measure the width of a text */
export function legendHeight(items: readonly LegendItem[], width: number, measure: (text: string) => number): number {
  return items.length === 0 ? 0 : (placesOf(items, width, measure).at(-1)?.line ?? 0) * lineHeight + lineHeight + 4;
}

export function drawLegend(
  pen: Pen,
  items: readonly LegendItem[],
  theme: Theme,
  x: number,
  y: number,
  width: number,
): void {
  pen.font = `${labelSize}px ${theme.font}`;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  const places = placesOf(items, width, (text) => pen.measureText(text).width);
  items.forEach(({ pattern, text }, i) => {
    const box = {
      x: x + places[i].x,
      y: y + 6 + places[i].line * lineHeight,
      width: swatchWidth,
      height: swatchHeight,
    };
    if (pattern === 'failed') drawHatching(pen, theme, box.x, box.y, box.width, box.height);
    if (pattern === 'begun') drawDots(pen, theme, box);
    if (pattern === 'picked') drawTick(pen, theme, box);
    if (pattern === 'part') drawHatching(pen, theme, box.x, box.y + box.height - 5, box.width, 5);
    drawFrame(pen, box, pattern === 'stopped' ? theme.foreground : theme.line, 1, pattern === 'stopped' ? [3, 3] : []);
    pen.fillStyle = theme.dim;
    pen.fillText(text, box.x + swatchWidth + 6, box.y + swatchHeight / 2, width - swatchWidth - 6);
  });
}

function placesOf(
  items: readonly LegendItem[],
  width: number,
  measure: (text: string) => number,
): { readonly x: number; readonly line: number }[] {
  let [x, line] = [0, 0];
  return items.map(({ text }) => {
    const own = swatchWidth + 6 + measure(text);
    if (x > 0 && x + own > width) [x, line] = [0, line + 1];
    const place = { x, line };
    x += own + gap;
    return place;
  });
}
