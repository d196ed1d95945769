/** A heatmap's colors and what they mean, as a bar in its right margin, the largest value on top. */
import type { ColorMap } from '../colors/maps';
import type { Theme } from '../theme';
import { drawWhole, Heatmap, showScale } from './heatmap';
import type { Pen } from './pen';

const width = 8;
const highest = 120;

export class ScaleBar {
  private readonly image = new Heatmap();
  private map: ColorMap | null = null;

  /**
   * @param name a value in words
   * @param ticks values that are named; the map's ends and its middle where absent
   */
  constructor(
    private readonly name: (value: number) => string,
    private readonly ticks?: readonly number[],
  ) {}

  show(map: ColorMap): void {
    if (this.map !== map) showScale(this.image, map, true);
    this.map = map;
  }

  /** Beside a map of this height whose right edge is at x; the pen's font is set. */
  draw(pen: Pen, x: number, top: number, mapHeight: number, theme: Theme): void {
    if (!this.map) return;
    const { low, high } = this.map;
    const left = x + 7;
    const height = Math.min(mapHeight, highest);
    drawWhole(pen, this.image, 256, 1, left, top, width, height);
    pen.textAlign = 'left';
    pen.textBaseline = 'middle';
    pen.fillStyle = theme.dim;
    for (const value of this.ticks ?? [high, low < 0 && high > 0 ? 0 : (high + low) / 2, low]) {
      if (value < low || value > high) continue;
      const y = top + ((high - value) / (high - low)) * height;
      pen.fillText(this.name(value), left + width + 3, Math.min(Math.max(y, top + 5), top + height - 4));
    }
  }
}
