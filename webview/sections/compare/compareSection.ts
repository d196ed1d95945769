/** Two to six runs on the same text: a table of what they come to, their losses, and their flows aligned on one color scale. */
import type { FrameHeader } from '../../../src/protocol/frame';
import type { ToPage } from '../../../src/pageContract/messages';
import { flowMap } from '../../shared/colors/maps';
import { button, type PageButton } from '../../shared/controls';
import { ComparedProfile, ComparedRows, type ComparedRow } from './compareFigures';
import { dashes, runColors } from './compareLines';
import { CompareLosses } from './compareLosses';
import { RunNames } from './compareNames';
import { areAtEqualSteps, isAligned, RunInView } from './compareRuns';
import { CompareTable } from './compareTable';
import { numbersInWords, pathsInWords } from './compareVerdict';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { listen } from '../../shared/figures/pointer';
import { ScaleFigure } from '../../shared/figures/scale';
import { TokenStrip } from '../../shared/figures/tokenStrip';
import { powerOfTen } from '../../../src/terms/numberFormat';
import { gesturesOver, type OverText } from '../../shared/gestures';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';

export class CompareSection implements Section {
  readonly root: HTMLElement;
  private readonly title = element('h1');
  private readonly table: CompareTable;
  private readonly buttons: Readonly<Record<'pause' | 'resume' | 'stop', PageButton>>;
  private readonly losses: CompareLosses;
  private readonly said = element('p', { class: 'verdict' });
  private readonly paths = element('p', { class: 'sentence dim' });
  private readonly flowBlock: HTMLElement;
  private readonly profile = new ComparedProfile();
  private readonly rows = new ComparedRows('compared', false);
  private readonly strip = new TokenStrip();
  private readonly scale: ScaleFigure;
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private runs: RunInView[] = [];
  private names: RunNames;
  private isFresh = true;
  private shown: OverText | null = null;
  /** Of what the strip was brought to its target. */
  private centered: { readonly target: number; readonly steps: number } | null = null;
  /** Frames that have come and not been answered: sequence by run. */
  private readonly undrawn = new Map<number, number>();

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    const control = (
      action: 'pause' | 'resume' | 'stop',
      key: 'panel.compare.pauseAll' | 'panel.compare.resumeAll' | 'panel.compare.stopAll',
    ): PageButton =>
      button({ action, text: texts.get(key), primary: action !== 'stop', pressed: () => link.control(action) });
    this.buttons = {
      pause: control('pause', 'panel.compare.pauseAll'),
      resume: control('resume', 'panel.compare.resumeAll'),
      stop: control('stop', 'panel.compare.stopAll'),
    };
    this.scale = new ScaleFigure(texts);
    this.table = new CompareTable(texts);
    this.losses = new CompareLosses(texts);
    this.names = new RunNames([], texts);
    const flow = sectionFrame(texts, {
      id: 'compare-flow',
      title: 'panel.compare.flow',
      sentence: 'panel.compare.flowSubtitle',
      explanation: ['panel.compare.explained', { formula: 'r_t = log_{10} ( ‖∂ℓ_τ/∂x^{(0)}_t‖ / ‖∂ℓ_τ/∂x^{(0)}_τ‖ )' }],
      onExport: () => parts.exportSection(this),
    });
    flow.root.append(
      this.said,
      this.paths,
      element(
        'div',
        { class: 'figures' },
        this.profile.figure.canvas,
        this.rows.figure.canvas,
        this.strip.figure.canvas,
      ),
      element(
        'div',
        { class: 'below' },
        element(
          'div',
          { class: 'readout' },
          this.readout,
          element('p', { class: 'caption dim hint', text: texts.get('panel.readout.hint') }),
        ),
        element(
          'div',
          { class: 'legend' },
          this.scale.figure.canvas,
          element('div', { class: 'dim', text: texts.get('panel.scale.caption') }),
        ),
      ),
    );
    this.flowBlock = flow.root;
    this.root = element(
      'div',
      { class: 'comparison' },
      element(
        'header',
        {},
        element('div', { class: 'summary' }, this.title),
        element('div', { class: 'controls' }, ...Object.values(this.buttons).map((made) => made.root)),
      ),
      this.table.root,
      this.flowBlock,
      this.losses.root,
    );
    for (const { canvas } of [this.profile.figure, this.rows.figure])
      listen(canvas, gesturesOver(parts, { shown: () => this.shown }));
    listen(
      this.strip.figure.canvas,
      gesturesOver(parts, {
        shown: () => (this.shown && this.strip.columns ? { ...this.shown, columns: this.strip.columns } : null),
      }),
    );
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'compared':
        this.runs = message.runs.map((run) => new RunInView(run));
        this.undrawn.clear();
        setText(this.title, message.title);
        this.names = new RunNames(this.runs, this.parts.texts);
        this.table.open(this.runs.length);
        this.losses.open();
        this.parts.link.rememberCompared(this.runs, message.document);
        this.isFresh = true;
        break;
      case 'comparedStatus':
        this.update(message.run, (run) => run.become(message.status));
        break;
      case 'comparedProgress':
        this.update(message.run, (run) => run.progress(message.rows));
        this.losses.changed();
        break;
      case 'comparedSpectra':
        this.update(message.run, (run) => run.acceptSpectra(message.spectra));
        break;
      case 'comparedFailed':
        this.update(message.run, (run) => run.fail(message.message));
        this.isFresh = true;
        break;
      case 'comparedFrame':
        this.update(message.run, (run) => {
          run.accept(message.frame);
          this.undrawn.set(message.run, message.frame.header.sequence);
        });
        this.isFresh = true;
        break;
    }
  }

  draw({ width, columns, theme, view, fresh }: Scene): void {
    this.root.hidden = this.runs.length === 0;
    if (this.runs.length === 0) return;
    const states = this.runs.map(({ status }) => status.state);
    this.buttons.pause.show(states.includes('running'), true);
    // A stopped run continues from its checkpoint; a model that was only opened has no losses.
    const canResume = this.runs.some(
      ({ status: { state }, metrics }) => state === 'paused' || (state === 'stopped' && metrics.latest !== null),
    );
    this.buttons.resume.show(!states.includes('running') && canResume, true);
    this.buttons.stop.show(
      states.some((state) => state === 'running' || state === 'paused'),
      true,
    );
    const colors = runColors();
    this.table.show(this.runs, this.names);
    this.losses.draw(this.runs, this.names, theme, fresh.paint);
    const reference = this.runs.find(({ frame }) => frame !== null)?.frame ?? null;
    this.flowBlock.hidden = reference === null;
    this.shown = reference && { frame: reference, columns };
    if (!reference) return;
    const { header } = reference;
    if (this.isFresh) view.accept(header.tokens.length, 0);
    // The strip begins at the target, where the gradient does.
    if (this.centered?.target !== header.target || this.centered.steps !== header.tokens.length)
      this.strip.center(header.target);
    this.centered = { target: header.target, steps: header.tokens.length };
    const within = { ...columns, first: view.steps.first, count: view.steps.count };
    this.shown = { frame: reference, columns: within };
    const marked = { target: header.target, mark: view.mark };
    const rows = this.runs.map((run, i): ComparedRow => {
      const { summary } = run;
      const aligned = run.frame !== null && isAligned(run.frame, reference);
      return {
        name: this.names.label(run),
        color: colors[i],
        values: (aligned && run.lane?.relative) || null,
        horizon: aligned && !summary?.level ? (summary?.horizon ?? null) : null,
      };
    });
    if (this.isFresh || fresh.paint) {
      this.rows.show(rows, flowMap(theme.kind));
      this.scale.draw(header.thresholds, theme);
      this.describe(header);
      this.isFresh = false;
    }
    const lines = rows.flatMap(({ name, color, values }, i) =>
      values ? [{ name, color, dash: dashes[i % dashes.length], relative: values }] : [],
    );
    this.profile.draw(width, lines, header, within, theme, marked);
    this.rows.draw(width, rows, within, theme, marked);
    if (view.mark !== null && view.takeAnnouncement()) this.strip.follow(view.mark);
    this.strip.draw(width, header, undefined, within, theme, marked);
    setText(this.readout, view.mark === null ? '' : this.valueText(header.tokens, header.target, view.mark));
    for (const [run, sequence] of this.undrawn) this.parts.link.comparedDrawn(run, sequence);
    this.undrawn.clear();
    const count = Number(document.documentElement.dataset['framesDrawn'] ?? 0) + 1;
    document.documentElement.dataset['framesDrawn'] = String(count);
  }

  figures(): readonly ExportedFigure[] {
    const { texts } = this.parts;
    if (!this.shown) return [];
    return [
      this.profile.figure.exported('compared-profile', texts.get('panel.compare.flow')),
      this.rows.figure.exported('compared-flow', texts.get('panel.compare.flow')),
    ];
  }

  tables(): readonly ExportedTable[] {
    const { texts } = this.parts;
    const shown = this.runs.filter(({ lane }) => lane !== undefined);
    const tokens = this.shown?.frame.header.tokens;
    if (!tokens || shown.length === 0) return [];
    const rows = () => tokens.map((token, t) => [t, token, ...shown.map(({ lane }) => lane?.relative.at(t) ?? null)]);
    return [
      {
        id: 'compared',
        title: texts.get('panel.compare.flow'),
        columns: ['t', 'token', ...shown.map((run) => `log10 ${this.names.label(run)}${atStep(run)}`)],
        rows,
      },
    ];
  }

  private update(index: number, change: (run: RunInView) => void): void {
    const run = this.runs.at(index);
    if (run) change(run);
  }

  private describe({ tokens, target, thresholds }: FrameHeader): void {
    const {
      runs,
      names,
      parts: { texts },
    } = this;
    const compared = { runs, names, target, thresholds, areEqual: areAtEqualSteps(runs) };
    const said = numbersInWords(compared, texts);
    setText(this.said, said);
    setText(this.paths, pathsInWords(compared, texts));
    this.profile.figure.describe(texts.get('panel.compare.profileDescription', said));
    this.rows.figure.describe(texts.get('panel.compare.description', said));
    this.strip.figure.describe(texts.get('panel.tokens.description', tokens.join('')));
    this.scale.figure.describe(
      texts.get('panel.scale.description', powerOfTen(thresholds.vanishing), powerOfTen(thresholds.exploding)),
    );
  }

  private valueText(tokens: readonly string[], target: number, step: number): string {
    const { texts } = this.parts;
    const place =
      step === target
        ? texts.get('panel.readout.target')
        : step < target
          ? texts.get('panel.readout.back', texts.numbers.integer(target - step))
          : texts.get('panel.readout.after', texts.numbers.integer(step - target));
    const values = this.runs.flatMap((run) =>
      run.lane && run.lane.relative.length === tokens.length
        ? [texts.get('panel.compare.reach', this.names.label(run), texts.relative(run.lane.relative[step]))]
        : [],
    );
    return [`${texts.get('panel.readout.token', visibleSymbol(tokens[step]))} ${place}`, ...values].join(' · ');
  }
}

/** In the heading of a column: a model that was only opened has no steps. */
function atStep({ hasTrained, frame }: RunInView): string {
  return hasTrained && frame ? ` at step ${frame.header.trainingStep}` : '';
}
