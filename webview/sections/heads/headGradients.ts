/** What the target's gradient is by the keys and the values of a layer's heads, over the text: a row for each head, relative to what the output layer reads at the target. */
import { headNormsOf, seriesOf, type Frame } from '../../../src/protocol/frame';
import { flowMap, flowTicks } from '../../shared/colors/maps';
import { drawColumnMarks } from '../../shared/figures/canvas';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';
import { listen } from '../../shared/figures/pointer';
import { powerOfTen } from '../../../src/terms/numberFormat';
import { gesturesOver, type OverText } from '../../shared/gestures';
import type { PageParts, Scene } from '../../shared/section';

/** About how high the map is, CSS pixels, and each of its rows at most. */
const [mapHeight, highestRow] = [300, 16];

export interface HeadGrid {
  readonly heads: number;
  /** 2·heads × T, keys and then values: log₁₀ relative to ‖∂ℓ_τ/∂x^(N)_τ‖; NaN where τ cannot be reached, −∞ for exactly zero. */
  readonly values: Float32Array;
}

/** Null where the frame does not hold them. */
export function headGrid(frame: Frame): HeadGrid | null {
  const { heads, inputs = [], target } = frame.header;
  const [keys, values] = [headNormsOf(frame, 'keys'), headNormsOf(frame, 'values')];
  if (!heads || !keys || !values) return null;
  const own = seriesOf(frame, 'inputFlow', inputs.length - 1)?.[target] ?? NaN;
  const grid = new Float32Array(keys.length + values.length);
  grid.set(keys);
  grid.set(values, keys.length);
  // A target that sends nothing back has no size to compare with.
  if (Number.isFinite(own)) for (let i = 0; i < grid.length; i++) grid[i] -= own;
  return { heads: heads.count, values: grid };
}

export class HeadGradients {
  readonly heatmap: HeatmapFigure;
  /** Row under the pointer or the keys. */
  row: number | null = null;
  grid: HeadGrid | null = null;
  private shown: OverText | null = null;

  constructor(private readonly parts: PageParts) {
    this.heatmap = new HeatmapFigure({
      name: 'head-gradients',
      height: mapHeight,
      highestRow,
      namesEveryRow: true,
      rowName: (row) => this.rowName(row),
      valueName: powerOfTen,
      scaleTicks: flowTicks,
      changed: () => parts.redraw(),
    });
    this.listen();
  }

  draw(frame: Frame, { columns, width, theme, view, fresh }: Scene): void {
    if (fresh.frame) this.grid = headGrid(frame);
    const { grid } = this;
    this.shown = grid && { columns, frame };
    if (!grid) return;
    const { tokens, target } = frame.header;
    const T = tokens.length;
    if (fresh.frame || fresh.paint)
      this.heatmap.show(
        { values: grid.values, rows: 2 * grid.heads, columns: T, rowStride: T, columnStride: 1 },
        flowMap(theme.kind),
        0,
      );
    const row = view.mark === null ? null : this.row;
    this.heatmap.draw(width, columns, theme, { row, column: null }, (pen, rows) =>
      drawColumnMarks(pen, columns, theme, { target, mark: view.mark }, rows.top - 3, rows.top + rows.height + 3),
    );
  }

  /** “k, head 2” of the keys, “v, head 2” of the values. */
  rowName(row: number): string {
    const { texts } = this.parts;
    const heads = this.grid?.heads ?? 1;
    const head = texts.numbers.integer((row % heads) + 1);
    return texts.get(row < heads ? 'panel.attention.keyOf' : 'panel.attention.valueOf', head);
  }

  private listen(): void {
    const gestures = gesturesOver(this.parts, { shown: () => this.shown });
    listen(this.heatmap.figure.canvas, {
      ...gestures,
      rowAt: (y) => this.heatmap.cellAt(0, y).row,
      mark: (step, row) => {
        if (row !== this.row) this.parts.redraw();
        this.row = row;
        gestures.mark(step, null);
      },
      move: (steps, rows) => {
        const last = 2 * (this.grid?.heads ?? 1) - 1;
        this.row = Math.max(0, Math.min(last, (this.row ?? 0) + rows));
        gestures.move(steps, 0);
        this.parts.redraw();
      },
    });
  }
}
