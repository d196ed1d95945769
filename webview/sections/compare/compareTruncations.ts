/** What does truncation cost? The gradient of one window for several k2 beside the whole one. */
import type { ToPage } from '../../../src/pageContract/messages';
import type { TruncationReport } from '../../../src/protocol/truncation';
import { signedMap } from '../../shared/colors/maps';
import { stepAt, type Columns } from '../../shared/columns';
import { ComparedRows, type ComparedRow } from './compareFigures';
import { button } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';

/** The mean loss of all steps is traced back, not that of one. */
const noTarget = -1;

export class TruncationSection implements Section {
  readonly root: HTMLElement;
  private readonly title = element('p', { class: 'said' });
  private readonly table = element('tbody');
  private readonly rows = new ComparedRows('truncations', true);
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private report: TruncationReport | null = null;
  private compared: ComparedRow[] = [];
  private isNew = false;
  private name = '';
  private columns: Columns | null = null;
  private cursor: { readonly row: number; readonly step: number } | null = null;

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    const { root, controls } = sectionFrame(texts, {
      id: 'truncation',
      title: 'panel.truncation.title',
      sentence: 'panel.truncation.sentence',
      explanation: ['panel.truncation.explained', { formula: 'cos = ⟨g_{k2}, g⟩ / (‖g_{k2}‖ ‖g‖)' }],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    controls.append(
      button({
        action: 'truncationsAgain',
        text: texts.get('panel.truncation.again'),
        pressed: () => link.truncations(),
      }).root,
    );
    const heads = ['panel.truncation.k2', 'panel.truncation.cosine', 'panel.truncation.norm'] as const;
    const head = element(
      'tr',
      {},
      ...heads.map((key) => element('th', { text: texts.get(key), attributes: { scope: 'col' } })),
    );
    root.prepend(element('h1', { class: 'unseen', text: texts.get('panel.truncation.title') }));
    root.append(
      this.title,
      element(
        'table',
        { class: 'runs cuts', attributes: { 'aria-label': texts.get('panel.truncation.title') } },
        element('thead', {}, head),
        this.table,
      ),
      element('div', { class: 'figures' }, this.rows.figure.canvas, this.caption, this.readout),
    );
    this.listen(this.rows.figure.canvas);
  }

  receive(message: ToPage): void {
    if (message.type !== 'truncations') return;
    this.report = message.report;
    this.name = message.title;
    this.cursor = null;
    this.isNew = true;
  }

  draw({ width, columns, theme, fresh }: Scene): void {
    const {
      report,
      parts: { texts },
    } = this;
    this.root.hidden = report === null;
    if (!report) return;
    const { numbers } = texts;
    const T = report.tokens.length;
    this.columns = { ...columns, first: 0, count: T };
    if (this.isNew) {
      this.compared = report.cuts.map(({ k2, hidden }) => ({
        name: texts.get('panel.compare.truncated', numbers.integer(k2)),
        color: theme.dim,
        values: Float32Array.from(hidden, (norm, t) => Math.log10(norm / report.full.hidden[t])),
        horizon: null,
      }));
      const cells = report.cuts.map(({ k2, cosine, relativeNorm }) => [
        numbers.integer(k2),
        numbers.decimals(cosine, 4),
        numbers.decimals(relativeNorm, 3),
      ]);
      cells.push([texts.get('panel.truncation.full'), numbers.decimals(1, 4), numbers.decimals(1, 3)]);
      this.table.replaceChildren(
        ...cells.map(([k2, ...values]) =>
          element(
            'tr',
            {},
            element('th', { text: k2, attributes: { scope: 'row' } }),
            ...values.map((value) => element('td', { class: 'number', text: value })),
          ),
        ),
      );
      setText(
        this.title,
        [
          this.name,
          texts.get('panel.truncation.window', numbers.integer(T), numbers.integer(report.trainingStep)),
        ].join(' · '),
      );
      setText(this.caption, texts.get('panel.truncation.hidden', texts.layer(report.layer, 'forward')));
      const said = report.cuts
        .map(({ k2, cosine, relativeNorm }) =>
          texts.get(
            'panel.truncation.row',
            numbers.integer(k2),
            numbers.decimals(cosine, 3),
            numbers.decimals(relativeNorm, 2),
          ),
        )
        .join('; ');
      this.rows.figure.describe(texts.get('panel.truncation.description', said));
    }
    if (this.isNew || fresh.paint) this.rows.show(this.compared, signedMap(theme.kind, 2));
    this.isNew = false;
    this.rows.draw(
      width,
      this.compared,
      this.columns,
      theme,
      { target: noTarget, mark: this.cursor?.step ?? null },
      this.cursor?.row ?? null,
    );
    setText(this.readout, this.valueText(report));
  }

  figures(): readonly ExportedFigure[] {
    return this.report
      ? [this.rows.figure.exported('truncations', this.parts.texts.get('panel.truncation.title'))]
      : [];
  }

  tables(): readonly ExportedTable[] {
    const {
      report,
      parts: { texts },
    } = this;
    if (!report) return [];
    return [
      {
        id: 'truncations',
        title: texts.get('panel.truncation.title'),
        columns: ['k2', texts.get('panel.truncation.cosine'), texts.get('panel.truncation.norm')],
        rows: () => report.cuts.map(({ k2, cosine, relativeNorm }) => [k2, cosine, relativeNorm]),
      },
    ];
  }

  private listen(canvas: HTMLCanvasElement): void {
    canvas.tabIndex = 0;
    canvas.addEventListener('pointermove', (event) => {
      const row = this.rows.rowAt(event.offsetY);
      const step = this.columns && stepAt(this.columns, event.offsetX);
      this.mark(row === null || step === null ? null : { row, step });
    });
    canvas.addEventListener('pointerleave', () => this.mark(null));
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.report) return;
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (event.key === 'Escape') this.mark(null);
      if (!move) return;
      event.preventDefault();
      const { row, step } = this.cursor ?? { row: 0, step: this.report.tokens.length - 1 };
      const within = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
      this.mark({
        row: within(row + move[0], this.compared.length),
        step: within(step + move[1], this.report.tokens.length),
      });
    });
  }

  private mark(cursor: TruncationSection['cursor']): void {
    this.cursor = cursor;
    this.parts.redraw();
  }

  private valueText({ tokens, cuts }: TruncationReport): string {
    const {
      cursor,
      parts: { texts },
    } = this;
    if (!cursor) return '';
    const value = this.compared[cursor.row].values?.at(cursor.step) ?? NaN;
    return texts.get(
      'panel.truncation.at',
      texts.numbers.integer(cuts[cursor.row].k2),
      visibleSymbol(tokens[cursor.step]),
      texts.relative(value),
    );
  }
}
