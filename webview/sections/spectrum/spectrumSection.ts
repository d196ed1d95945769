/** How fast does the state forget? Lyapunov exponents, singular values and what still reaches the target, computed when they are asked for. */
import type { Direction } from '../../../src/layers/direction';
import type { Frame } from '../../../src/protocol/frame';
import type { SpectrumReport, StateSpectrum } from '../../../src/protocol/spectrum';
import type { ToPage } from '../../../src/pageContract/messages';
import { stepMap, stepTicks } from '../../shared/colors/maps';
import type { Columns } from '../../shared/columns';
import { ChoiceRow } from '../../shared/choiceRow';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { drawColumnMarks } from '../../shared/figures/canvas';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';
import { listen } from '../../shared/figures/pointer';
import { gesturesOver, type OverText } from '../../shared/gestures';
import { OnDemand } from '../../shared/onDemand';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { byStepOf, exponentsByStep, rankOfCarried, singularRows } from './alongText';
import { ExponentsFigure } from './exponentsFigure';
import { LinesFigure } from './linesFigure';
import { directionReadout, stepReadout } from './spectrumReadout';
import { spectrumTables } from './spectrumTables';
import { spectrumVerdict } from './spectrumWords';

const mapHeight = 130;
/** Exponents that are drawn along the text. */
const shownAlong = 5;

export class SpectrumSection implements Section {
  readonly root: HTMLElement;
  private readonly exponents: ExponentsFigure;
  private readonly along: LinesFigure;
  private readonly singular: HeatmapFigure;
  private readonly left: LinesFigure;
  private readonly onDemand: OnDemand;
  private readonly directions: ChoiceRow;
  private readonly said = element('p', { class: 'said' });
  private readonly noticed = element('p', { class: 'caption dim' });
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly directionReadout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private readonly body: HTMLElement;
  private readonly ofState: HTMLElement;
  private readonly ofJacobian: HTMLElement;
  private readonly singularTitle: HTMLElement;
  private readonly ofLags: HTMLElement;
  private readonly matrices = element('table', { class: 'values number' });
  private report: SpectrumReport | null = null;
  private direction: Direction = 'forward';
  private notices: readonly string[] = [];
  private isNew = false;
  private isPossible = false;
  /** A direction under the pointer or the keys. */
  private marked: number | null = null;
  private shown: OverText | null = null;
  private frame: Frame | null = null;

  constructor(private readonly parts: PageParts) {
    const { texts } = parts;
    this.onDemand = new OnDemand(texts, {
      name: 'Spectrum',
      label: texts.get('panel.spectrum.title'),
      ask: () => this.ask(),
      cancel: () => parts.link.cancelSpectrum(),
      changed: () => parts.redraw(),
    });
    this.directions = new ChoiceRow(texts.get('panel.spectrum.direction'), 'spectrumDirection', (chosen) => {
      this.direction = chosen === 'backward' ? 'backward' : 'forward';
      this.isNew = true;
      parts.redraw();
    });
    this.exponents = new ExponentsFigure(texts);
    this.along = new LinesFigure('finiteTime', texts);
    this.left = new LinesFigure('directions', texts, true);
    this.singular = new HeatmapFigure({
      name: 'singularValues',
      height: mapHeight,
      rowName: (row) => texts.numbers.integer(row + 1),
      valueName: (log10) => texts.numbers.plain(10 ** log10),
      scaleTicks: stepTicks,
      changed: () => parts.redraw(),
    });
    const { root, controls } = sectionFrame(texts, {
      id: 'spectrum',
      title: 'panel.spectrum.title',
      sentence: 'panel.spectrum.sentence',
      explanation: [
        'panel.spectrum.explained',
        { formula: 'J_t = ∂s_t/∂s_{t−1},  λ_j = mean_t ln |R_{jj}|,  J_t Q_{t−1} = Q_t R' },
        'panel.spectrum.explainedLag',
        { formula: 'σ ( J_τ J_{τ−1} … J_{τ−k+1} ) ≥ 0.01' },
        'panel.spectrum.explainedCause',
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    controls.append(this.directions.root, ...this.onDemand.controls);
    const heading = (key: Parameters<typeof texts.get>[0]): HTMLElement => element('h3', { text: texts.get(key) });
    this.singularTitle = heading('panel.spectrum.singular');
    this.ofJacobian = element('div', {}, this.singularTitle, this.singular.figure.canvas);
    this.ofLags = element('div', {}, heading('panel.spectrum.directions'), this.left.figure.canvas);
    this.ofState = element(
      'div',
      { class: 'figures' },
      heading('panel.spectrum.exponents'),
      this.exponents.figure.canvas,
      this.directionReadout,
      element('p', { class: 'caption dim hint', text: texts.get('panel.spectrum.hint') }),
      heading('panel.spectrum.finiteTime'),
      this.along.figure.canvas,
      this.ofJacobian,
      this.ofLags,
      this.readout,
      this.caption,
    );
    this.body = element(
      'div',
      {},
      this.said,
      this.noticed,
      this.ofState,
      element('div', { class: 'below' }, this.matrices),
    );
    root.append(this.onDemand.failure, this.body);
    this.listen();
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'run':
        this.report = null;
        this.marked = null;
        this.onDemand.reset();
        this.isPossible = message.run !== null && !message.run.graph && !message.run.recording;
        break;
      case 'spectrumProgress':
        this.onDemand.advance(message.done);
        break;
      case 'spectrum':
        this.onDemand.ended(message.message);
        if (!message.spectrum) break;
        this.report = message.spectrum;
        this.notices = message.notices;
        this.isNew = true;
        this.marked = null;
        break;
    }
  }

  draw(scene: Scene): void {
    const { frame, columns, theme, width, fresh, view } = scene;
    const { report } = this;
    this.frame = frame;
    this.root.hidden = !this.isPossible || !frame || frame.header.flows.length === 0;
    this.onDemand.draw(report !== null);
    this.body.hidden = report === null;
    this.directions.root.hidden = this.onDemand.isComputing || (report?.states.length ?? 0) < 2;
    this.shown = null;
    if (!frame || !report || this.root.hidden) return;
    const state = this.state(report);
    this.ofState.hidden = !state;
    const isCurrent = isSameText(frame.header.tokens, report.tokens);
    if (this.isNew || fresh.paint) this.show(report, state, theme.kind);
    this.isNew = false;
    if (!state) return;
    const own: Columns = isCurrent ? columns : { ...columns, first: 0, count: report.tokens.length };
    const marks = isCurrent ? { target: report.target, mark: view.mark } : null;
    if (isCurrent) this.shown = { columns, frame };
    this.exponents.draw(width, columns, theme, this.marked);
    this.along.draw(width, own, theme, marks);
    if (state.jacobian)
      this.singular.draw(width, own, theme, { row: null, column: null }, (pen, rows) => {
        if (marks) drawColumnMarks(pen, own, theme, marks, rows.top - 3, rows.top + rows.height + 3);
      });
    if (state.byLag) this.left.draw(width, own, theme, marks);
    const { texts } = this.parts;
    setText(this.readout, isCurrent && view.mark !== null ? stepReadout(report, state, view.mark, texts) : '');
    setText(this.directionReadout, this.marked === null ? '' : directionReadout(state, this.marked, texts));
    const { numbers } = texts;
    const about = texts.get(
      'panel.spectrum.caption',
      numbers.integer(report.tokens.length),
      numbers.integer(state.size),
      numbers.integer(report.trainingStep),
    );
    setText(this.caption, isCurrent ? about : `${about} · ${texts.get('panel.spectrum.other')}`);
  }

  figures(): readonly ExportedFigure[] {
    const state = this.report && this.state(this.report);
    if (!state) return [];
    const { texts } = this.parts;
    return [
      this.exponents.figure.exported('lyapunov-exponents', texts.get('panel.spectrum.exponentsOf')),
      this.along.figure.exported('exponents-along-text', texts.get('panel.spectrum.finiteTimeOf')),
      ...(state.jacobian
        ? [this.singular.figure.exported('singular-values', texts.get('panel.spectrum.singularOf'))]
        : []),
      ...(state.byLag
        ? [this.left.figure.exported('directions-by-lag', texts.get('panel.spectrum.directionsOf'))]
        : []),
    ];
  }

  tables(): readonly ExportedTable[] {
    const { report } = this;
    const state = report && this.state(report);
    return state ? spectrumTables(report, state, this.parts.texts) : [];
  }

  /** Of the target that is shown. */
  private ask(): boolean {
    if (!this.frame) return false;
    const { target, thresholds } = this.frame.header;
    this.parts.link.computeSpectrum(target, thresholds.vanishing);
    return true;
  }

  /** Of the direction that is chosen, where there are two. */
  private state({ states }: SpectrumReport): StateSpectrum | undefined {
    return states.find(({ direction }) => direction === this.direction) ?? states.at(0);
  }

  private show(report: SpectrumReport, state: StateSpectrum | undefined, theme: 'light' | 'dark'): void {
    const { texts } = this.parts;
    const said = spectrumVerdict(report, state, texts);
    setText(this.said, said);
    this.said.hidden = said === '';
    setText(this.noticed, this.notices.join(' '));
    this.noticed.hidden = this.notices.length === 0;
    this.directions.show(
      report.states.map(({ direction }) => ({
        value: direction,
        text: texts.get(direction === 'forward' ? 'panel.spectrum.forward' : 'panel.spectrum.backward'),
      })),
      state?.direction ?? 'forward',
    );
    this.showMatrices(report);
    if (!state) return;
    const T = report.tokens.length;
    this.exponents.show(state.lyapunov);
    this.along.show(
      exponentsByStep(state, T, shownAlong).map((values, i) => ({ values, isMain: i === 0 })),
      [0],
    );
    this.ofJacobian.hidden = !state.jacobian;
    if (state.jacobian) {
      const { rows, values } = singularRows(state.jacobian);
      setText(
        this.singularTitle,
        rows < state.size
          ? texts.get('panel.spectrum.singularSome', texts.numbers.integer(rows))
          : texts.get('panel.spectrum.singular'),
      );
      this.singular.show({ values, rows, columns: T, rowStride: T, columnStride: 1 }, stepMap(theme), 0);
    }
    this.ofLags.hidden = !state.byLag;
    if (state.byLag) {
      const { lags, carried } = state.byLag;
      const line = (values: Float64Array): Float32Array => byStepOf(lags, values, report.target, T, state.direction);
      this.left.show(
        [
          { values: line(carried), isMain: true },
          { values: line(rankOfCarried(state.byLag)), isMain: false, isDashed: true },
        ],
        [0],
      );
    }
    this.exponents.figure.describe(texts.get('panel.spectrum.exponentsDescription', said));
    for (const [figure, key] of [
      [this.along.figure, 'panel.spectrum.finiteTimeDescription'],
      [this.singular.figure, 'panel.spectrum.singularDescription'],
      [this.left.figure, 'panel.spectrum.directionsDescription'],
    ] as const)
      figure.describe(texts.get('panel.spectrum.keys', texts.get(key, said)));
  }

  private showMatrices({ matrices }: SpectrumReport): void {
    const { texts } = this.parts;
    this.matrices.hidden = matrices.length === 0;
    const number = (value: number | null): string => (value === null ? '?' : texts.numbers.short(value));
    const cells = (name: 'th' | 'td', values: readonly string[]): HTMLElement[] =>
      values.map((text) => element(name, { text, ...(name === 'th' && { attributes: { scope: 'col' } }) }));
    this.matrices.replaceChildren(
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...cells('th', [
            texts.get('panel.spectrum.matrix'),
            texts.get('panel.spectrum.radius'),
            texts.get('panel.spectrum.norm'),
          ]),
        ),
      ),
      element(
        'tbody',
        {},
        ...matrices.map(({ name, spectralRadius, spectralNorm }) =>
          element(
            'tr',
            {},
            element('th', { text: name, attributes: { scope: 'row' } }),
            ...cells('td', [number(spectralRadius), number(spectralNorm)]),
          ),
        ),
      ),
    );
  }

  private listen(): void {
    for (const { canvas } of [this.along.figure, this.singular.figure, this.left.figure])
      listen(canvas, gesturesOver(this.parts, { shown: () => this.shown }));
    const { canvas } = this.exponents.figure;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.addEventListener('pointermove', ({ offsetX }) => this.mark(this.exponents.directionAt(offsetX)));
    canvas.addEventListener('pointerleave', () => this.mark(null));
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const last = ((this.report && this.state(this.report))?.lyapunov.length ?? 0) - 1;
      const to = {
        ArrowLeft: (this.marked ?? 1) - 1,
        ArrowRight: (this.marked ?? -1) + 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined && event.key !== 'Escape') return;
      event.preventDefault();
      this.mark(to === undefined || last < 0 ? null : Math.max(0, Math.min(last, to)));
    });
  }

  private mark(direction: number | null): void {
    if (direction === this.marked) return;
    this.marked = direction;
    this.parts.redraw();
  }
}

function isSameText(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((token, i) => token === b[i]));
}
