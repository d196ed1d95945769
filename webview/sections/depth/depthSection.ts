/** Does the gradient reach down? The input gradient of every boundary between layers over the text: vanishing in depth beside vanishing in time. */
import type { Frame } from '../../../src/protocol/frame';
import { flowMap, flowTicks } from '../../shared/colors/maps';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { drawColumnMarks } from '../../shared/figures/canvas';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';
import { listen } from '../../shared/figures/pointer';
import { powerOfTen } from '../../../src/terms/numberFormat';
import { gesturesOver, type OverText } from '../../shared/gestures';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';
import { depthGrid, type DepthGrid } from './depthGrid';
import { depthVerdict } from './depthVerdict';

const [mapHeight, highestRow] = [300, 18];

export class DepthSection implements Section {
  readonly root: HTMLElement;
  private readonly figure: HeatmapFigure;
  private readonly said = element('p', { class: 'said' });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private grid: DepthGrid | null = null;
  private shown: OverText | null = null;
  /** Of the picture, from the top; marked beside the step. */
  private row: number | null = null;

  /** @param minLayers fewer have no depth to speak of */
  constructor(
    private readonly parts: PageParts,
    private readonly minLayers = 3,
  ) {
    const { texts } = parts;
    this.figure = new HeatmapFigure({
      name: 'depth',
      height: mapHeight,
      highestRow,
      namesEveryRow: true,
      rowName: (row) => this.nameOf(row),
      valueName: powerOfTen,
      scaleTicks: flowTicks,
      changed: () => parts.redraw(),
    });
    const { root } = sectionFrame(texts, {
      id: 'depth',
      title: 'panel.depth.title',
      sentence: 'panel.depth.sentence',
      explanation: [
        'panel.depth.explained',
        { formula: 'r^{(l)}_t = log_{10} ( ‖∂ℓ_τ/∂x^{(l)}_t‖ / ‖∂ℓ_τ/∂x^{(N)}_τ‖ )' },
        'panel.depth.explainedFactor',
        { formula: 'factor = ( ‖∂ℓ_τ/∂x^{(0)}_τ‖ / ‖∂ℓ_τ/∂x^{(N)}_τ‖ )^{1/N}' },
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    root.append(this.said, element('div', { class: 'figures' }, this.figure.figure.canvas, this.readout));
    this.listen();
  }

  draw({ frame, columns, width, theme, view, fresh }: Scene): void {
    const isDeep = frame !== null && !frame.header.graph && frame.header.layers.length >= this.minLayers;
    if (frame) this.parts.link.inputs('depth', isDeep);
    if (fresh.frame) this.grid = frame && isDeep ? depthGrid(frame) : null;
    const { grid } = this;
    this.root.hidden = !frame || !grid;
    this.shown = frame && grid && { columns, frame };
    if (!frame || !grid) return;
    const { target, tokens } = frame.header;
    if (fresh.frame || fresh.paint) {
      this.figure.show(
        { values: grid.values, rows: grid.rows, columns: tokens.length, rowStride: tokens.length, columnStride: 1 },
        flowMap(theme.kind),
        0,
      );
      this.describe(frame, grid);
    }
    const row = view.mark === null ? null : this.row;
    this.figure.draw(width, columns, theme, { row, column: null }, (pen, rows) =>
      drawColumnMarks(pen, columns, theme, { target, mark: view.mark }, rows.top - 3, rows.top + rows.height + 3),
    );
    setText(this.readout, view.mark === null || row === null ? '' : this.valueText(frame, grid, row, view.mark));
  }

  figures(): readonly ExportedFigure[] {
    return this.grid ? [this.figure.figure.exported('depth', this.parts.texts.get('panel.depth.title'))] : [];
  }

  tables(): readonly ExportedTable[] {
    const { grid, shown } = this;
    if (!grid || !shown) return [];
    const { tokens } = shown.frame.header;
    return [
      {
        id: 'depth',
        title: this.parts.texts.get('panel.depth.title'),
        columns: ['step', 'token', 'boundary', 'log10 gradient relative to the top at the target'],
        rows: () =>
          Array.from(grid.values, (value, i) => {
            const step = i % tokens.length;
            return [step, tokens[step], grid.rows - 1 - Math.floor(i / tokens.length), value];
          }),
      },
    ];
  }

  private listen(): void {
    const gestures = gesturesOver(this.parts, { shown: () => this.shown });
    const { canvas } = this.figure.figure;
    listen(canvas, {
      ...gestures,
      rowAt: (y) => this.figure.cellAt(0, y).row,
      mark: (step, row) => {
        if (row !== this.row) this.parts.redraw();
        this.row = row;
        gestures.mark(step, null);
      },
      move: (steps, rows) => {
        const last = (this.grid?.rows ?? 1) - 1;
        this.row = Math.max(0, Math.min(last, (this.row ?? last) + rows));
        gestures.move(steps, 0);
        this.parts.redraw();
      },
    });
  }

  private describe(frame: Frame, grid: DepthGrid): void {
    const { texts } = this.parts;
    const said = depthVerdict(frame, grid, texts);
    setText(this.said, said);
    this.figure.figure.describe(texts.get('panel.depth.description', said));
  }

  /** Who reads at this row: the output layer on top, layer 1 at the bottom. */
  private nameOf(row: number): string {
    const { texts } = this.parts;
    return row === 0 ? texts.get('panel.row.output') : texts.layer((this.grid?.rows ?? 0) - 1 - row, 'forward');
  }

  private valueText({ header: { tokens } }: Frame, { values }: DepthGrid, row: number, step: number): string {
    const { texts } = this.parts;
    return texts.get(
      'panel.depth.at',
      visibleSymbol(tokens[step]),
      this.nameOf(row),
      texts.relative(values[row * tokens.length + step]),
    );
  }
}
