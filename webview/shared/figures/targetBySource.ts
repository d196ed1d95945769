/** A picture of target × source, one row for each target: how it is zoomed, walked by keys, marked and clicked on. */
import { columnWidth, placeAt, stepAt, type Columns } from '../columns';
import type { ColorMap } from '../colors/maps';
import type { PageParts } from '../section';
import { visibleSymbol } from '../symbols';
import type { Theme } from '../theme';
import { drawColumnMarks } from './canvas';
import { HeatmapFigure } from './heatmapFigure';
import { zoomKey } from './pointer';
import { listenToZoom } from './zooming';

const mapHeight = 380;
const pageOfTargets = 10;

export interface TargetBySourceOptions {
  /** The canvas's data-figure. */
  readonly name: string;
  /** A value of the color scale, in words. */
  readonly valueName: (value: number) => string;
  readonly scaleTicks?: readonly number[];
}

/** A place of the picture; both are steps. */
export interface TargetAndSource {
  readonly target: number;
  readonly source: number;
}

/** What is shown now. */
export interface ShownText {
  readonly tokens: readonly string[];
  /** Whether it is the text that the figures above show. */
  readonly isCurrent: boolean;
}

export class TargetBySource {
  readonly heatmap: HeatmapFigure;
  /** Target and source under the pointer or the keys. */
  cell: TargetAndSource | null = null;
  private shown: ShownText = { tokens: [], isCurrent: true };
  private columns: Columns | null = null;

  constructor(
    private readonly parts: PageParts,
    options: TargetBySourceOptions,
  ) {
    const { texts } = parts;
    this.heatmap = new HeatmapFigure({
      ...options,
      height: mapHeight,
      rowName: (row) => `${texts.numbers.integer(row)} “${visibleSymbol(this.shown.tokens[row] ?? '')}”`,
      changed: () => parts.redraw(),
    });
    this.listen(this.heatmap.figure.canvas);
  }

  /** New values: T × T, row τ, column t. */
  show(values: Float32Array, steps: number, map: ColorMap): void {
    this.heatmap.show({ values, rows: steps, columns: steps, rowStride: steps, columnStride: 1 }, map, 0);
  }

  /** @param columns of the text above; of another text the picture has its own  @param target of the figures above */
  draw(shown: ShownText, columns: Columns, width: number, theme: Theme, target: number): void {
    const { isCurrent, tokens } = shown;
    this.shown = shown;
    const own = isCurrent ? columns : { ...columns, first: 0, count: tokens.length };
    this.columns = own;
    // The same stretch of targets as of sources, so that the diagonal stays in the picture.
    this.heatmap.rows.set(own.first, own.count);
    const cursor = this.cell
      ? { row: this.cell.target, column: this.cell.source }
      : { row: isCurrent ? target : null, column: isCurrent ? this.parts.view.mark : null };
    this.heatmap.draw(width, own, theme, cursor, (pen, rows) => {
      if (isCurrent) drawColumnMarks(pen, own, theme, { target, mark: null }, rows.top - 3, rows.top + rows.height + 3);
    });
  }

  private listen(canvas: HTMLCanvasElement): void {
    canvas.tabIndex = 0;
    // Not an image any more: a screen reader hands the keys on to an application.
    canvas.setAttribute('role', 'application');
    const { view } = this.parts;
    const wasDragged = listenToZoom(canvas, {
      range: view.steps,
      placeAt: (x) => (this.columns ? placeAt(this.columns, x) : 0),
      pitch: () => (this.columns ? columnWidth(this.columns) : 1),
    });
    canvas.addEventListener('pointermove', (event) => this.mark(this.cellAt(event)));
    canvas.addEventListener('pointerleave', () => this.mark(null));
    canvas.addEventListener('click', (event) => {
      const cell = this.cellAt(event);
      if (cell === null || wasDragged()) return;
      // A finger has not moved here before.
      this.mark(cell);
      this.select(cell.target);
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  private cellAt({ offsetX, offsetY }: MouseEvent): TargetAndSource | null {
    const { row } = this.heatmap.cellAt(offsetX, offsetY);
    const source = this.columns && stepAt(this.columns, offsetX);
    return row === null || source === null ? null : { target: row, source };
  }

  /** Whether the key means something here. */
  private key(name: string): boolean {
    const { view } = this.parts;
    const T = this.shown.tokens.length;
    if (T === 0) return false;
    const { target, source } = this.cell ?? { target: T - 1, source: T - 1 };
    const moves: Readonly<Record<string, readonly [target: number, source: number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      PageUp: [-pageOfTargets, 0],
      PageDown: [pageOfTargets, 0],
      Home: [0, -T],
      End: [0, T],
    };
    const within = (step: number): number => Math.max(0, Math.min(T - 1, step));
    if (name === 'Escape') this.mark(null);
    else if (name === 'Enter') this.select(target);
    else if (Object.hasOwn(moves, name)) {
      const next = { target: within(target + moves[name][0]), source: within(source + moves[name][1]) };
      // A source that lies behind the target says nothing.
      if (moves[name][0] !== 0) next.source = Math.min(next.source, next.target);
      view.steps.reveal(next.source);
      this.mark(next);
    } else return zoomKey(name, view.steps, source);
    return true;
  }

  /** The same source is marked in the figures above. */
  private mark(cell: TargetAndSource | null): void {
    if (cell?.target === this.cell?.target && cell?.source === this.cell?.source) return;
    this.cell = cell;
    if (this.shown.isCurrent) {
      this.parts.view.setMark(cell?.source ?? null);
      this.parts.link.mark(cell?.source ?? null);
    }
    this.parts.redraw();
  }

  private select(target: number): void {
    if (this.shown.isCurrent) this.parts.link.target(target);
  }
}
