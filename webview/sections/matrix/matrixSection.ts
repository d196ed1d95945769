/** What about every target? The source × target matrix, computed when it is asked for. */
import type { ToPage } from '../../../src/pageContract/messages';
import type { TargetMatrix } from '../../../src/protocol/targetMatrix';
import { flowMap, flowTicks } from '../../shared/colors/maps';
import { columnWidth, placeAt, stepAt } from '../../shared/columns';
import { button, type PageButton } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { drawColumnMarks } from '../../shared/figures/canvas';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';
import { listenToZoom } from '../../shared/figures/zooming';
import { powerOfTen } from '../../shared/format';
import type { FlowRow } from '../../shared/flowRows';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';
import { fractionName } from '../../shared/verdict';

const mapHeight = 380;
const pageOfTargets = 10;
const keyZoom = 1.5;

export class MatrixSection implements Section {
  readonly root: HTMLElement;
  private readonly figure: HeatmapFigure;
  private readonly compute: PageButton;
  private readonly again: PageButton;
  private readonly cancel: PageButton;
  private readonly progress = element('progress', { attributes: { max: '1' } });
  private readonly done = element('span', { class: 'number' });
  private readonly said = element('p', { class: 'said' });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly failure = element('p', { class: 'failure', attributes: { role: 'status' } });
  private readonly body: HTMLElement;
  private matrix: TargetMatrix | null = null;
  private isComputing = false;
  private isNew = false;
  /** Target and source under the pointer or the keys. */
  private cell: { readonly target: number; readonly source: number } | null = null;
  private columns: Scene['columns'] | null = null;
  /** In graph mode: by which of the tensors that are shown. */
  private readonly tensors: HTMLSelectElement;
  private rows: readonly FlowRow[] = [];
  /** Whether the matrix is of the text shown above. */
  private isCurrent = true;

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    const start = (): void => {
      this.isComputing = true;
      this.showProgress(0);
      setText(this.failure, '');
      link.computeMatrix(this.tensors.hidden ? null : this.tensors.value);
      parts.redraw();
    };
    this.compute = button({ action: 'computeMatrix', text: texts.get('panel.matrix.compute'), pressed: start });
    this.again = button({ action: 'computeMatrixAgain', text: texts.get('panel.matrix.again'), pressed: start });
    this.cancel = button({
      action: 'cancelMatrix',
      text: texts.get('panel.matrix.cancel'),
      pressed: () => link.cancelMatrix(),
    });
    this.progress.setAttribute('aria-label', texts.get('panel.matrix.title'));
    this.figure = new HeatmapFigure({
      name: 'matrix',
      height: mapHeight,
      rowName: (row) => `${texts.numbers.integer(row)} “${visibleSymbol(this.matrix?.tokens[row] ?? '')}”`,
      valueName: powerOfTen,
      scaleTicks: flowTicks,
      changed: () => parts.redraw(),
    });
    const { root, controls } = sectionFrame(texts, {
      id: 'matrix',
      title: 'panel.matrix.title',
      sentence: 'panel.matrix.sentence',
      explanation: [
        'panel.matrix.explained',
        { formula: 'M_{τ,t} = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖)' },
        'panel.matrix.explainedTotal',
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    this.tensors = element('select', { attributes: { 'aria-label': texts.get('panel.matrix.tensor') } });
    controls.append(this.tensors, this.progress, this.done, this.cancel.root, this.compute.root, this.again.root);
    this.body = element('div', { class: 'figures' }, this.figure.figure.canvas, this.caption, this.readout);
    root.append(this.failure, this.said, this.body);
    this.listen(this.figure.figure.canvas);
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'run':
        this.matrix = this.cell = null;
        this.isComputing = false;
        setText(this.failure, '');
        break;
      case 'matrixProgress':
        this.showProgress(message.done);
        break;
      case 'matrix':
        this.isComputing = false;
        setText(this.failure, message.message ?? '');
        if (!message.matrix) break;
        this.matrix = message.matrix;
        this.isNew = true;
        this.cell = null;
        break;
    }
  }

  draw({ frame, rows, columns, width, theme, view, fresh }: Scene): void {
    const { matrix, isComputing } = this;
    this.root.hidden = frame === null || rows.length === 0;
    this.showTensors(frame?.header.graph ? rows : []);
    this.progress.hidden = this.done.hidden = !isComputing;
    this.cancel.show(isComputing, true);
    this.compute.show(!isComputing && matrix === null, true);
    this.again.show(!isComputing && matrix !== null, true);
    this.body.hidden = this.said.hidden = matrix === null;
    if (!frame || !matrix) return;
    const { header } = frame;
    this.isCurrent = header.tokens === matrix.tokens || header.tokens.join('\0') === matrix.tokens.join('\0');
    const T = matrix.tokens.length;
    if (this.isNew || fresh.paint) {
      this.figure.show(
        { values: matrix.values, rows: T, columns: T, rowStride: T, columnStride: 1 },
        flowMap(theme.kind),
        0,
      );
      this.describe(matrix, header.thresholds.vanishing);
      this.isNew = false;
    }
    // Over the same columns as the text above where it is the same text.
    this.columns = this.isCurrent ? columns : { ...columns, first: 0, count: T };
    // The same stretch of targets as of sources, so that the diagonal stays in the picture.
    this.figure.rows.set(this.columns.first, this.columns.count);
    const { target } = header;
    const cursor = this.cell
      ? { row: this.cell.target, column: this.cell.source }
      : { row: this.isCurrent ? target : null, column: this.isCurrent ? view.mark : null };
    this.figure.draw(width, this.columns, theme, cursor, (pen, rows) => {
      if (this.isCurrent && this.columns)
        drawColumnMarks(pen, this.columns, theme, { target, mark: null }, rows.top - 3, rows.top + rows.height + 3);
    });
    const { texts } = this.parts;
    const { numbers } = texts;
    const size = numbers.integer(T);
    const source = this.sourceName(matrix);
    const caption =
      matrix.series === null
        ? texts.get('panel.matrix.caption', size, source, numbers.integer(matrix.trainingStep))
        : texts.get('panel.matrix.captionOfTensor', size, source);
    setText(
      this.caption,
      [caption, this.isCurrent ? texts.get('panel.matrix.hint') : texts.get('panel.matrix.other')].join(' · '),
    );
    setText(this.readout, this.cell ? this.valueText(matrix, this.cell) : '');
  }

  figures(): readonly ExportedFigure[] {
    return this.matrix ? [this.figure.figure.exported('matrix', this.parts.texts.get('panel.matrix.title'))] : [];
  }

  tables(): readonly ExportedTable[] {
    const {
      matrix,
      parts: { texts },
    } = this;
    if (!matrix) return [];
    const T = matrix.tokens.length;
    const cells = () =>
      Array.from({ length: T }, (_, target) =>
        Array.from({ length: target + 1 }, (_, source) => [target, source, matrix.values[target * T + source]]),
      ).flat();
    return [
      {
        id: 'matrix',
        title: texts.get('panel.matrix.title'),
        columns: [texts.get('panel.flow.target'), texts.get('panel.matrix.source'), 'log10'],
        rows: cells,
      },
    ];
  }

  /** What there is to choose from; the one that speaks for all is chosen at first. */
  private showTensors(rows: readonly FlowRow[]): void {
    const { tensors } = this;
    tensors.hidden = rows.length < 2 || this.isComputing;
    const names = rows.map(({ series }) => series?.name ?? '');
    if (names.join('\0') === this.rows.map(({ series }) => series?.name ?? '').join('\0')) return;
    this.rows = rows;
    const chosen = names.includes(tensors.value) ? tensors.value : names[rows.findIndex(({ isMain }) => isMain)];
    tensors.replaceChildren(
      ...rows.map((row, i) =>
        element('option', { text: this.parts.texts.row(row), attributes: { value: names[i], title: names[i] } }),
      ),
    );
    if (rows.length > 0) tensors.value = chosen;
  }

  /** Whose gradient it is. */
  private sourceName({ layer, series }: TargetMatrix): string {
    const { texts } = this.parts;
    if (series === null) return texts.layer(layer ?? 0, 'forward');
    const row = this.rows.find((each) => each.series?.name === series);
    return row ? texts.row(row) : series;
  }

  private listen(canvas: HTMLCanvasElement): void {
    canvas.tabIndex = 0;
    const { view } = this.parts;
    const wasDragged = listenToZoom(canvas, {
      range: view.steps,
      placeAt: (x) => (this.columns ? placeAt(this.columns, x) : 0),
      pitch: () => (this.columns ? columnWidth(this.columns) : 1),
    });
    canvas.addEventListener('pointermove', (event) => {
      const { row } = this.figure.cellAt(event.offsetX, event.offsetY);
      const column = this.columns && stepAt(this.columns, event.offsetX);
      this.mark(row === null || column === null ? null : { target: row, source: column });
    });
    canvas.addEventListener('pointerleave', () => this.mark(null));
    canvas.addEventListener('click', (event) => {
      const { row } = this.figure.cellAt(event.offsetX, event.offsetY);
      if (row !== null && !wasDragged()) this.select(row);
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  /** Whether the key means something here. */
  private key(name: string): boolean {
    const { view } = this.parts;
    const T = this.matrix?.tokens.length ?? 0;
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
    else if (name === '+' || name === '=') view.steps.zoom(1 / keyZoom, source + 0.5);
    else if (name === '-') view.steps.zoom(keyZoom, source + 0.5);
    else if (name === '0') view.steps.showAll();
    else if (Object.hasOwn(moves, name)) {
      const next = { target: within(target + moves[name][0]), source: within(source + moves[name][1]) };
      // A source that lies behind the target says nothing.
      if (moves[name][0] !== 0) next.source = Math.min(next.source, next.target);
      view.steps.reveal(next.source);
      this.mark(next);
    } else return false;
    return true;
  }

  /** The same source is marked in the figures above. */
  private mark(cell: MatrixSection['cell']): void {
    if (cell?.target === this.cell?.target && cell?.source === this.cell?.source) return;
    this.cell = cell;
    if (this.isCurrent) {
      this.parts.view.setMark(cell?.source ?? null);
      this.parts.link.mark(cell?.source ?? null);
    }
    this.parts.redraw();
  }

  private select(target: number): void {
    if (this.isCurrent) this.parts.link.target(target);
  }

  private showProgress(done: number): void {
    this.progress.value = done;
    setText(
      this.done,
      this.parts.texts.get('panel.matrix.progress', this.parts.texts.numbers.integer(Math.floor(100 * done))),
    );
  }

  private describe({ tokens, values }: TargetMatrix, vanishing: number): void {
    const { texts } = this.parts;
    const T = tokens.length;
    const horizons: number[] = [];
    for (let target = 0; target < T; target++) {
      for (let lag = 1; lag <= target; lag++) {
        if (!(values[target * T + target - lag] < vanishing)) continue;
        horizons.push(lag);
        break;
      }
    }
    horizons.sort((a, b) => a - b);
    const { numbers } = texts;
    const fraction = fractionName(vanishing, texts);
    const said =
      horizons.length === 0
        ? texts.get('panel.matrix.summaryNone', fraction, numbers.integer(T))
        : texts.get(
            'panel.matrix.summary',
            fraction,
            texts.tokens(horizons[horizons.length >> 1]),
            numbers.integer(horizons.length),
            numbers.integer(T),
          );
    setText(this.said, said);
    this.figure.figure.describe(texts.get('panel.matrix.description', said));
  }

  private valueText({ tokens, values }: TargetMatrix, { target, source }: { target: number; source: number }): string {
    const { texts } = this.parts;
    const value = values[target * tokens.length + source];
    return texts.get(
      'panel.matrix.at',
      visibleSymbol(tokens[target]),
      visibleSymbol(tokens[source]),
      texts.tokens(Math.max(0, target - source)),
      texts.relative(value),
    );
  }
}
