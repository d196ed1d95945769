/** A sweep: horizon or loss over two of its settings, chosen by the reader, and the way from a cell to its trials. */
import type { ShownSweep } from '../../../src/pageContract/sweep';
import type { ToPage } from '../../../src/pageContract/messages';
import { ChoiceRow } from '../../shared/choiceRow';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { cellsOf, measuresOf, usualAxes, type Cell, type ChosenAxes, type Measure } from './sweepCells';
import { SweepFigure } from './sweepFigure';
import { listenToCells } from './sweepKeys';
import { refusalOf, withCell, withTrial, type Picked } from './sweepPicks';
import { sweepTable } from './sweepTable';
import { SweepTray } from './sweepTray';
import { sweepVerdict } from './sweepVerdict';
import { measureKey, nameKeys, SweepWords } from './sweepWords';

/** What the reader's choices are kept under. */
const kept = 'sweep';

/** The sweep as it is looked at. */
interface Look {
  readonly sweep: ShownSweep;
  readonly axes: ChosenAxes;
  readonly measure: Measure;
  readonly cells: readonly Cell[];
  readonly picked: Picked;
  readonly said: string;
}

/** Names, so that they mean the same in a sweep that has changed. */
interface Chosen {
  readonly x: string | null;
  readonly y: string | null;
  readonly measure: string | null;
  /** Place of the cell whose trial was opened last: the page may be gone meanwhile. */
  readonly cell: number | null;
  /** Places of the trials that are picked to be compared. */
  readonly picked: Picked;
}

export class SweepSection implements Section {
  readonly root: HTMLElement;
  private readonly title = element('h1');
  private readonly facts = element('p', { class: 'facts dim number', attributes: { role: 'status' } });
  private readonly failure = element('p', { class: 'failure', attributes: { role: 'alert' } });
  private readonly body: HTMLElement;
  private readonly said = element('p', { class: 'said verdict' });
  private readonly selects: Readonly<Record<'x' | 'y', HTMLSelectElement>>;
  private readonly measures: ChoiceRow;
  private readonly figure: SweepFigure;
  private readonly tray: SweepTray;
  private readonly words: SweepWords;
  private readonly readout = element('div', { class: 'readout', attributes: { 'aria-live': 'polite' } });
  private readonly hint: HTMLElement;
  private sweep: ShownSweep | null = null;
  private chosen: Chosen;
  /** Null until it is asked for again. */
  private known: Look | null = null;
  /** Place of a cell in the look's list. */
  private marked: number | null = null;
  /** Until the first picture. */
  private isBack = true;

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    this.chosen = chosenOf(link.keptView(kept));
    this.marked = this.chosen.cell;
    this.words = new SweepWords(texts);
    this.figure = new SweepFigure(texts, this.words);
    this.tray = new SweepTray(texts, this.words, {
      toggle: (trial) => this.pick(withTrial(trial, this.chosen.picked)),
      compare: () => this.compare(),
      left: () => this.figure.figure.canvas.focus(),
    });
    this.measures = new ChoiceRow(texts.get('panel.sweep.color'), 'measure', (measure) => this.choose({ measure }));
    this.selects = { x: this.select('x'), y: this.select('y') };
    this.hint = element('p', { class: 'dim hint', text: texts.get('panel.sweep.hint') });
    const { root, controls } = sectionFrame(texts, {
      id: 'sweep',
      title: 'panel.sweep.title',
      sentence: 'panel.sweep.sentence',
      explanation: [
        'panel.sweep.explained',
        'panel.sweep.explainedHorizon',
        { formula: 'horizon = min { k : ‖∂ℓ_τ/∂x_{τ−k}‖ < 10^{−3} ‖∂ℓ_τ/∂x_τ‖ }' },
        'panel.sweep.explainedVerdict',
      ],
      onExport: () => parts.exportSection(this),
    });
    controls.append(
      field(texts.get('panel.sweep.xAxis'), this.selects.x),
      field(texts.get('panel.sweep.yAxis'), this.selects.y),
      this.measures.root,
    );
    root.append(
      this.said,
      element('div', { class: 'figures' }, this.figure.figure.canvas, this.tray.root, this.readout, this.hint),
    );
    this.body = root;
    this.root = element(
      'div',
      { class: 'sweep-page' },
      element('header', {}, element('div', { class: 'summary' }, this.title, this.facts), this.failure),
      root,
    );
    this.root.hidden = true;
    this.listen();
  }

  receive(message: ToPage): void {
    if (message.type !== 'sweep' && message.type !== 'sweepFailed') return;
    const sweep = message.type === 'sweep' ? message.sweep : null;
    // In another grid the same places are other trials.
    if (this.sweep && sweep && JSON.stringify(sweep.axes) !== JSON.stringify(this.sweep.axes)) this.pick([]);
    this.sweep = sweep;
    setText(this.failure, message.type === 'sweep' ? '' : message.message);
    this.known = null;
  }

  draw({ width, theme }: Scene): void {
    const { sweep } = this;
    this.root.hidden = !sweep && this.failure.textContent === '';
    this.body.hidden = !sweep;
    this.title.hidden = this.facts.hidden = !sweep;
    const { look } = this;
    if (!look) return;
    if (this.marked !== null && this.marked >= look.cells.length) this.marked = null;
    this.showHead(look);
    this.figure.draw(look, width, theme, this.marked);
    this.tray.show(look);
    this.takeKeys();
    this.describe(look);
    this.readOut(look);
  }

  figures(): readonly ExportedFigure[] {
    const { look } = this;
    return look ? [this.figure.figure.exported('sweep', this.exportTitle(look))] : [];
  }

  tables(): readonly ExportedTable[] {
    const { sweep } = this;
    return sweep ? [sweepTable(sweep, this.parts.texts)] : [];
  }

  /** As it is chosen now, also before it is drawn. */
  private get look(): Look | null {
    return this.sweep && (this.known ??= this.lookAt(this.sweep));
  }

  private exportTitle({ sweep, measure, axes }: Look): string {
    const { texts } = this.parts;
    const [x, y] = [sweep.axes[axes.x].key, sweep.axes[axes.y].key];
    return texts.get(
      'panel.sweep.figure',
      texts.get(measureKey({ measure, lossUnit: sweep.lossUnit })),
      x,
      y,
      sweep.name,
    );
  }

  /** With what the reader has chosen, as far as this sweep has it. Nothing is shown by it: it is asked for also while the reader chooses. */
  private lookAt(sweep: ShownSweep): Look {
    const { texts } = this.parts;
    const usual = usualAxes(sweep);
    const place = (key: string | null, other: number) => {
      const found = sweep.axes.findIndex((axis) => axis.key === key);
      return found < 0 ? other : found;
    };
    let axes = { x: place(this.chosen.x, usual.x), y: place(this.chosen.y, usual.y) };
    if (axes.x === axes.y) axes = usual;
    const known = measuresOf(sweep);
    const measure = known.find((each) => each === this.chosen.measure) ?? known.at(0) ?? 'horizon';
    return {
      sweep,
      axes,
      measure,
      cells: cellsOf(sweep, axes, measure),
      picked: this.chosen.picked.filter((trial) => trial < sweep.trials.length),
      said: sweepVerdict(sweep, axes, measure, texts),
    };
  }

  /** Title, counts, and what can be chosen. */
  private showHead({ sweep, axes, measure }: Look): void {
    const { texts } = this.parts;
    const { numbers } = texts;
    const { lossUnit } = sweep;
    this.measures.show(
      measuresOf(sweep).map((value) => ({ value, text: texts.get(measureKey({ measure: value, lossUnit })) })),
      measure,
    );
    const options = sweep.axes.map(({ key, values }) => ({
      value: key,
      text: texts.get('panel.sweep.axis', key, numbers.integer(values.length)),
    }));
    for (const way of ['x', 'y'] as const) {
      const select = this.selects[way];
      // A list that is open stays so while results come.
      if (!hasOptions(select, options))
        select.replaceChildren(...options.map(({ value, text }) => element('option', { text, attributes: { value } })));
      select.value = sweep.axes[axes[way]].key;
    }
    setText(this.title, sweep.name);
    const sizes = texts.get(
      'panel.sweep.facts',
      sweep.corpus,
      numbers.integer(sweep.trials.length),
      numbers.integer(sweep.steps),
    );
    setText(this.facts, `${sizes} · ${this.words.counts(sweep.trials)}`);
  }

  /** The reader who comes back from a trial goes on where it was opened. */
  private takeKeys(): void {
    if (!this.isBack) return;
    this.isBack = false;
    if (this.chosen.cell !== null) this.figure.figure.canvas.focus();
  }

  private choose(some: Partial<Chosen>): void {
    this.chosen = { ...this.chosen, cell: null, ...some };
    this.parts.link.keepView(kept, this.chosen);
    this.known = null;
    this.marked = null;
    this.parts.redraw();
  }

  private select(way: 'x' | 'y'): HTMLSelectElement {
    const select = element('select', { attributes: { 'data-axis': way } });
    select.addEventListener('change', () => {
      const other = this.selects[way === 'x' ? 'y' : 'x'];
      const { look } = this;
      // What the other axis shows already: they change places.
      const before = look ? look.sweep.axes[look.axes[way]].key : null;
      const others = other.value === select.value ? before : other.value;
      this.choose(way === 'x' ? { x: select.value, y: others } : { x: others, y: select.value });
    });
    return select;
  }

  private listen(): void {
    listenToCells(this.figure.figure.canvas, {
      cellAt: (x, y) => this.figure.cellAt(x, y),
      grid: () =>
        this.look && { columns: this.look.sweep.axes[this.look.axes.x].values.length, cells: this.look.cells.length },
      current: () => this.marked,
      mark: (cell) => {
        if (cell === this.marked) return;
        this.marked = cell;
        this.parts.redraw();
      },
      open: (cell) => this.open(cell),
      toggle: (cell) => {
        const { look } = this;
        if (look) this.pick(withCell(look.sweep, look.cells[cell], look.picked));
      },
    });
  }

  private pick(picked: Picked): void {
    this.chosen = { ...this.chosen, picked };
    this.parts.link.keepView(kept, this.chosen);
    this.known = null;
    this.parts.redraw();
  }

  private compare(): void {
    const { look } = this;
    if (!look || refusalOf(look.sweep, look.picked)) return;
    this.parts.link.compareTrials(look.picked);
  }

  private open(cell: number): void {
    const { look } = this;
    const trials = look?.cells[cell].trials.filter((trial) => look.sweep.trials[trial].canOpen) ?? [];
    if (trials.length === 0) return;
    this.chosen = { ...this.chosen, cell };
    this.parts.link.keepView(kept, this.chosen);
    this.parts.link.openTrials(trials);
  }

  private describe({ sweep, axes, measure, cells, said }: Look): void {
    const { texts } = this.parts;
    const { numbers } = texts;
    const valued = cells.flatMap(({ median }) => median ?? []);
    const [x, y] = [sweep.axes[axes.x].key, sweep.axes[axes.y].key];
    const counted = [numbers.integer(cells.length), numbers.integer(valued.length)] as const;
    const least = valued.reduce((a, b) => (b.value < a.value ? b : a), valued[0]);
    const largest = valued.reduce(
      (a, b) => (b.value > a.value || (b.value === a.value && b.relation === 'above') ? b : a),
      valued[0],
    );
    const quantity = { measure, lossUnit: sweep.lossUnit };
    const described =
      valued.length === 0
        ? texts.get('panel.sweep.describedEmpty', texts.get(nameKeys[measure]), x, y, counted[0])
        : texts.get(
            'panel.sweep.described',
            texts.get(nameKeys[measure]),
            x,
            y,
            ...counted,
            this.words.median(least, quantity),
            this.words.median(largest, quantity),
          );
    setText(this.said, said);
    this.said.hidden = said === '';
    const colors = this.figure.isLogarithmic ? texts.get('panel.sweep.logColors') : '';
    this.figure.figure.describe([said, described, colors].filter((sentence) => sentence !== '').join(' '));
  }

  private readOut({ sweep, axes, measure, cells }: Look): void {
    const { marked } = this;
    this.hint.hidden = marked !== null;
    const lines = marked === null ? [] : this.linesOf(sweep, axes, measure, cells[marked], marked);
    if (lines.join('\n') === Array.from(this.readout.children, ({ textContent }) => textContent).join('\n')) return;
    this.readout.replaceChildren(...lines.map((text) => element('p', { class: 'caption number', text })));
  }

  /** The measure that is shown comes first. */
  private linesOf(sweep: ShownSweep, axes: ChosenAxes, measure: Measure, cell: Cell, place: number): string[] {
    const { texts } = this.parts;
    const order = [measure, ...measuresOf(sweep).filter((other) => other !== measure)];
    const medians = order.flatMap((each) => {
      const { median } = each === measure ? cell : cellsOf(sweep, axes, each)[place];
      return median ? [[each, median] as const] : [];
    });
    const lines = this.words.cell(sweep, cell, [axes.x, axes.y], medians);
    if (lines.length === 0) return [];
    const canOpen = cell.trials.some((trial) => sweep.trials[trial].canOpen);
    const picked = cell.trials.filter((trial) => this.chosen.picked.includes(trial));
    const names = picked.map((trial) => this.words.name(sweep, sweep.trials[trial])).join(' · ');
    return [
      ...lines,
      ...(canOpen ? [] : [texts.get('panel.sweep.nothingToOpen')]),
      ...(picked.length === 0 ? [] : [texts.get('panel.sweep.pickedHere', names)]),
    ];
  }
}

function field(name: string, control: HTMLElement): HTMLElement {
  return element('label', { class: 'axis' }, element('span', { class: 'dim', text: name }), control);
}

function hasOptions(select: HTMLSelectElement, options: readonly { value: string; text: string }[]): boolean {
  const shown = Array.from(select.options, ({ value, text }) => ({ value, text }));
  return JSON.stringify(shown) === JSON.stringify(options);
}

function chosenOf(view: unknown): Chosen {
  const fields = typeof view === 'object' && view !== null ? (view as Readonly<Record<string, unknown>>) : {};
  const text = (key: string) => (typeof fields[key] === 'string' ? fields[key] : null);
  const { cell, picked } = fields;
  const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  return {
    x: text('x'),
    y: text('y'),
    measure: text('measure'),
    cell: isPlace(cell) ? cell : null,
    picked: Array.isArray(picked) ? [...new Set((picked as unknown[]).filter(isPlace))] : [],
  };
}
