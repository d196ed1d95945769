/** Two to four runs on the same text: a table of what they come to, their losses, and their flows aligned on one color scale. */
import { kindOf } from '../../../src/layers/catalog';
import type { ToPage } from '../../../src/pageContract/messages';
import { LineChart } from '../../shared/charts/lineChart';
import { flowMap } from '../../shared/colors/maps';
import { button, type PageButton } from '../../shared/controls';
import { ComparedProfile, ComparedRows, type ComparedRow } from './compareFigures';
import { isAligned, RunInView } from './compareRuns';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { listen } from '../../shared/figures/pointer';
import { ScaleFigure } from '../../shared/figures/scale';
import { TokenStrip } from '../../shared/figures/tokenStrip';
import { powerOfTen } from '../../shared/format';
import { gesturesOver, type OverText } from '../../shared/gestures';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';

/** Lines differ by dashes too, for those who do not tell the colors apart. */
const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
const endedStates = ['stopped', 'finished', 'failed'];

export class CompareSection implements Section {
  readonly root: HTMLElement;
  private readonly title = element('h1');
  private readonly table = element('tbody');
  private readonly buttons: Readonly<Record<'pause' | 'resume' | 'stop', PageButton>>;
  private readonly lossPlot = element('div', { class: 'plot' });
  private readonly lossBlock: HTMLElement;
  private readonly flowBlock: HTMLElement;
  private readonly profile = new ComparedProfile();
  private readonly rows = new ComparedRows('compared', false);
  private readonly strip = new TokenStrip();
  private readonly scale: ScaleFigure;
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private loss: LineChart | null = null;
  private runs: RunInView[] = [];
  private isFresh = true;
  private areLossesFresh = true;
  private shown: OverText | null = null;
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
    const heads = [
      'panel.compare.run',
      'panel.compare.parameters',
      'panel.compare.step',
      'panel.compare.loss',
      'panel.compare.horizon',
      'panel.compare.rate',
    ] as const;
    const head = element(
      'tr',
      {},
      ...heads.map((key) =>
        element('th', {
          text: texts.get(key),
          attributes: {
            scope: 'col',
            ...(key === 'panel.compare.rate' && { title: texts.get('panel.compare.rateHelp') }),
          },
        }),
      ),
    );
    this.lossBlock = element(
      'div',
      { class: 'loss-block' },
      element(
        'div',
        { class: 'heading' },
        element('h2', { text: texts.get('panel.compare.lossTitle') }),
        element('span', { class: 'dim', text: texts.get('panel.loss.subtitle') }),
      ),
      this.lossPlot,
    );
    const flow = sectionFrame(texts, {
      id: 'compare-flow',
      title: 'panel.compare.flow',
      sentence: 'panel.compare.flowSubtitle',
      explanation: ['panel.compare.explained', { formula: 'r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖)' }],
      onExport: () => parts.exportSection(this),
    });
    flow.root.append(
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
        element('div', { class: 'readout' }, this.readout),
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
      element(
        'table',
        { class: 'runs', attributes: { 'aria-label': texts.get('panel.compare.runs') } },
        element('thead', {}, head),
        this.table,
      ),
      this.flowBlock,
      this.lossBlock,
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
        this.table.replaceChildren(
          ...this.runs.map(() =>
            element(
              'tr',
              {},
              element('th', { attributes: { scope: 'row' } }),
              ...Array.from({ length: 5 }, () => element('td', { class: 'number' })),
            ),
          ),
        );
        this.loss = null;
        this.lossPlot.replaceChildren();
        this.parts.link.rememberCompared(this.runs.map(({ run }) => run.folder));
        this.isFresh = this.areLossesFresh = true;
        break;
      case 'comparedStatus':
        this.update(message.run, (run) => (run.status = message.status));
        break;
      case 'comparedProgress':
        this.update(message.run, (run) => run.progress(message.rows));
        this.areLossesFresh = true;
        break;
      case 'comparedFailed':
        this.update(message.run, (run) => {
          run.failure = message.message;
          run.frame = null;
          run.rows = [];
        });
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
    this.drawTable();
    this.drawLosses(theme, fresh.paint);
    const reference = this.runs.find(({ frame }) => frame !== null)?.frame ?? null;
    this.flowBlock.hidden = reference === null;
    this.shown = reference && { frame: reference, columns };
    if (!reference) return;
    const { header } = reference;
    if (this.isFresh) view.accept(header.tokens.length, 0);
    const within = { ...columns, first: view.steps.first, count: view.steps.count };
    this.shown = { frame: reference, columns: within };
    const marked = { target: header.target, mark: view.mark };
    const rows = this.runs.map((run, i): ComparedRow => {
      const aligned = run.frame !== null && isAligned(run.frame, reference);
      return {
        name: this.labelOf(run, i),
        color: colors[i],
        values: (aligned && run.lane?.relative) || null,
        horizon: aligned ? (run.summary?.horizon ?? null) : null,
      };
    });
    if (this.isFresh || fresh.paint) {
      this.rows.show(rows, flowMap(theme.kind));
      this.scale.draw(header.thresholds, theme);
      this.describe(header.tokens);
      this.isFresh = false;
    }
    const lines = rows.flatMap(({ name, color, values }, i) =>
      values ? [{ name, color, dash: dashes[i % dashes.length], relative: values }] : [],
    );
    this.profile.draw(width, lines, header, within, theme, marked);
    this.rows.draw(width, rows, within, theme, marked);
    if (view.mark !== null && view.takeAnnouncement()) this.strip.follow(view.mark);
    this.strip.draw(width, header, undefined, within, theme, marked);
    setText(
      this.readout,
      view.mark === null
        ? this.parts.texts.get('panel.readout.hint')
        : this.valueText(header.tokens, header.target, view.mark),
    );
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
        columns: ['t', 'token', ...shown.map((run) => `log10 ${this.labelOf(run, this.runs.indexOf(run))}`)],
        rows,
      },
    ];
  }

  private update(index: number, change: (run: RunInView) => void): void {
    const run = this.runs.at(index);
    if (run) change(run);
  }

  /** The cell and size, and of settings those in which the runs differ. */
  private nameOf({ run }: RunInView): string {
    const { model, graph } = run;
    const { texts } = this.parts;
    if (graph) return texts.get('panel.header.graph');
    return `${kindOf(model.cell).label} ${texts.numbers.integer(model.layers)} × ${texts.numbers.integer(model.hiddenSize)}`;
  }

  /** As short as the left margin: the cell, or a letter where cells are alike. */
  private labelOf({ run }: RunInView, index: number): string {
    return this.hasDistinctCells ? kindOf(run.model.cell).label : 'ABCD'[index];
  }

  private get hasDistinctCells(): boolean {
    return (
      this.runs.every(({ run }) => !run.graph) &&
      new Set(this.runs.map(({ run }) => run.model.cell)).size === this.runs.length
    );
  }

  private differences({ run }: RunInView): string[] {
    const { texts } = this.parts;
    const { numbers } = texts;
    const differs = (value: (run: RunInView) => unknown): boolean => new Set(this.runs.map(value)).size > 1;
    const { truncation, clipNorm, clipValue } = run.training;
    const said: string[] = [];
    if (differs((each) => each.run.training.truncation))
      said.push(
        truncation === null
          ? texts.get('panel.compare.whole')
          : texts.get('panel.compare.truncated', numbers.integer(truncation)),
      );
    if (differs((each) => `${String(each.run.training.clipNorm)} ${String(each.run.training.clipValue)}`)) {
      const limit = clipNorm ?? clipValue;
      said.push(
        limit === null
          ? texts.get('panel.compare.unclipped')
          : texts.get('panel.compare.clipped', numbers.plain(limit)),
      );
    }
    if (said.length === 0 && !differs((each) => this.nameOf(each))) said.push(run.name);
    return said;
  }

  private drawTable(): void {
    const { texts } = this.parts;
    const { numbers } = texts;
    this.runs.forEach((run, i) => {
      const [name, parameters, step, loss, horizon, rate] = Array.from(
        this.table.children[i].children,
      ) as HTMLElement[];
      if (name.childElementCount === 0)
        name.append(element('i', { class: `line-swatch run-${i + 1}` }), element('span'));
      const { summary, metrics, status, failure } = run;
      const ended = endedStates.includes(status.state)
        ? []
        : status.state === 'paused'
          ? [texts.get('run.state.paused')]
          : [];
      const letter = this.hasDistinctCells ? [] : [this.labelOf(run, i)];
      setText(
        name.lastElementChild as HTMLElement,
        [...letter, this.nameOf(run), ...this.differences(run), ...ended].join(' · '),
      );
      name.title = run.run.name;
      setText(parameters, numbers.integer(run.run.model.parameterCount));
      setText(step, numbers.integer(status.step));
      const lossNow = metrics.latest?.loss ?? run.frame?.header.loss;
      setText(loss, lossNow === undefined ? texts.get('panel.compare.noFrame') : numbers.decimals(lossNow, 2));
      if (failure !== null) setText(horizon, failure);
      else if (!summary) setText(horizon, texts.get('panel.compare.noFrame'));
      else
        setText(horizon, summary.horizon === null ? texts.get('panel.compare.beyond') : texts.tokens(summary.horizon));
      const slope = summary?.slope ?? null;
      setText(rate, slope === null ? '' : numbers.decimals(Math.exp(slope), 3));
    });
  }

  private drawLosses(theme: Scene['theme'], repaint: boolean): void {
    const trained = this.runs.some(({ metrics }) => metrics.latest !== null);
    this.lossBlock.hidden = !trained;
    if (!trained || !(this.areLossesFresh || repaint)) return;
    this.areLossesFresh = false;
    const { texts } = this.parts;
    if (!this.loss) {
      const looks = this.runs.map((_, i) => ({ color: () => runColors()[i], kind: 'line' as const }));
      this.loss = new LineChart(this.lossPlot, 'loss', looks, false, texts, () => undefined);
    }
    this.loss.setTheme(theme);
    this.loss.show(this.runs.map(({ metrics }) => metrics.loss.points));
    const said = this.runs.flatMap((run) =>
      run.metrics.latest
        ? [
            texts.get(
              'panel.compare.reach',
              this.labelOf(run, this.runs.indexOf(run)),
              texts.get('panel.header.nats', texts.numbers.decimals(run.metrics.latest.loss, 2)),
            ),
          ]
        : [],
    );
    this.loss.describe(texts.get('panel.compare.lossDescription', said.join(', ')));
  }

  private describe(tokens: readonly string[]): void {
    const { texts } = this.parts;
    const said = this.runs
      .flatMap((run) =>
        run.summary
          ? [
              texts.get(
                'panel.compare.reach',
                this.labelOf(run, this.runs.indexOf(run)),
                run.summary.horizon === null ? texts.get('panel.compare.beyond') : texts.tokens(run.summary.horizon),
              ),
            ]
          : [],
      )
      .join(', ');
    this.profile.figure.describe(texts.get('panel.compare.profileDescription', said));
    this.rows.figure.describe(texts.get('panel.compare.description', said));
    this.strip.figure.describe(texts.get('panel.tokens.description', tokens.join('')));
    const [first] = this.runs.flatMap(({ frame }) => (frame ? [frame.header] : []));
    this.scale.figure.describe(
      texts.get(
        'panel.scale.description',
        powerOfTen(first.thresholds.vanishing),
        powerOfTen(first.thresholds.exploding),
      ),
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
        ? [
            texts.get(
              'panel.compare.reach',
              this.labelOf(run, this.runs.indexOf(run)),
              texts.relative(run.lane.relative[step]),
            ),
          ]
        : [],
    );
    return [`${texts.get('panel.readout.token', visibleSymbol(tokens[step]))} ${place}`, ...values].join(' · ');
  }
}

/** As theme.css says. */
function runColors(): string[] {
  const style = getComputedStyle(document.body);
  return [1, 2, 3, 4].map((i) => style.getPropertyValue(`--run-${i}`).trim());
}
