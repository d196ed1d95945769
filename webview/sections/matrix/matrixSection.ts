/** What about every target? The source × target matrix, computed when it is asked for. */
import type { ToPage } from '../../../src/pageContract/messages';
import type { TargetMatrix } from '../../../src/protocol/targetMatrix';
import { flowMap, flowTicks } from '../../shared/colors/maps';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { TargetBySource, type TargetAndSource } from '../../shared/figures/targetBySource';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { FlowRow } from '../../shared/flowRows';
import { isOfNumbers } from '../../shared/lossWords';
import { OnDemand } from '../../shared/onDemand';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';
import { matrixVerdict } from './matrixVerdict';

export class MatrixSection implements Section {
  readonly root: HTMLElement;
  private readonly figure: TargetBySource;
  private readonly onDemand: OnDemand;
  private readonly said = element('p', { class: 'said' });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly body: HTMLElement;
  private matrix: TargetMatrix | null = null;
  private isNew = false;
  /** In graph mode: by which of the tensors that are shown. */
  private readonly tensors: HTMLSelectElement;
  private rows: readonly FlowRow[] = [];

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    this.onDemand = new OnDemand(texts, {
      name: 'Matrix',
      label: texts.get('panel.matrix.title'),
      ask: () => {
        link.computeMatrix(this.tensors.hidden ? null : this.tensors.value);
        return true;
      },
      cancel: () => link.cancelMatrix(),
      changed: () => parts.redraw(),
    });
    this.figure = new TargetBySource(parts, { name: 'matrix', valueName: powerOfTen, scaleTicks: flowTicks });
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
    controls.append(this.tensors, ...this.onDemand.controls);
    this.body = element('div', { class: 'figures' }, this.figure.heatmap.figure.canvas, this.caption, this.readout);
    root.append(this.onDemand.failure, this.said, this.body);
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'run':
        this.matrix = this.figure.cell = null;
        this.onDemand.reset();
        break;
      case 'matrixProgress':
        this.onDemand.advance(message.done);
        break;
      case 'matrix':
        this.onDemand.ended(message.message);
        if (!message.matrix) break;
        this.matrix = message.matrix;
        this.isNew = true;
        this.figure.cell = null;
        break;
    }
  }

  draw({ run, frame, rows, columns, width, theme, fresh }: Scene): void {
    const { matrix } = this;
    // Of numbers there is one target.
    this.root.hidden = frame === null || rows.length === 0 || isOfNumbers(run);
    this.showTensors(frame?.header.graph ? rows : []);
    this.onDemand.draw(matrix !== null);
    this.body.hidden = this.said.hidden = matrix === null;
    if (!frame || !matrix) return;
    const { header } = frame;
    const { tokens } = matrix;
    const isCurrent = header.tokens === tokens || header.tokens.join('\0') === tokens.join('\0');
    const T = tokens.length;
    if (this.isNew || fresh.paint) {
      this.figure.show(matrix.values, T, flowMap(theme.kind));
      this.describe(matrix, header.thresholds.vanishing);
      this.isNew = false;
    }
    this.figure.draw({ tokens, isCurrent }, columns, width, theme, header.target);
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
      [caption, isCurrent ? texts.get('panel.matrix.hint') : texts.get('panel.matrix.other')].join(' · '),
    );
    const { cell } = this.figure;
    setText(this.readout, cell ? this.valueText(matrix, cell) : '');
  }

  figures(): readonly ExportedFigure[] {
    return this.matrix
      ? [this.figure.heatmap.figure.exported('matrix', this.parts.texts.get('panel.matrix.title'))]
      : [];
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
    tensors.hidden = rows.length < 2 || this.onDemand.isComputing;
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

  private describe(matrix: TargetMatrix, vanishing: number): void {
    const { texts } = this.parts;
    const said = matrixVerdict(matrix, vanishing, texts);
    setText(this.said, said);
    this.figure.heatmap.figure.describe(texts.get('panel.matrix.description', said));
  }

  private valueText({ tokens, values }: TargetMatrix, { target, source }: TargetAndSource): string {
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
