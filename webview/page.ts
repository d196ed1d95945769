/** The page: what it knows, and drawing it, at most once for each picture the screen shows. */
import type { Frame, UnitMapChoice } from '../src/protocol/frame';
import { unitQuantities } from '../src/protocol/frame';
import type { PanelStatus, ToPage } from '../src/protocol/panel';
import type { RunDescription } from '../src/protocol/run';
import { ChartSection, unclipped } from './charts/chartSection';
import { Metrics } from './charts/metrics';
import type { Columns } from './columns';
import { element } from './dom';
import { flowRows, type FlowRow } from './flowRows';
import { FlowSection, type SharedGestures } from './flowSection';
import { Header } from './header';
import type { Link } from './link';
import type { Texts } from './texts';
import { readTheme, watchTheme } from './theme';
import { WhySection } from './whySection';

/** Margins of the columns: names of layers and units on the left, axes on the right. CSS pixels. */
const marginLeft = 58;
const marginRight = 44;

export class Page {
  private run: RunDescription | null = null;
  private status: PanelStatus = { state: 'starting', step: 0, message: null };
  private readonly metrics = new Metrics();
  /** The newest frame that has not been drawn. */
  private arrived: Frame | null = null;
  private frame: Frame | null = null;
  private rows: FlowRow[] = [];
  private probeFailed: string | null = null;
  private mark: number | null = null;
  private unit: number | null = null;

  private theme = readTheme();
  private width = 0;
  private scheduled = false;
  private readonly stale = { theme: true, charts: true, paint: true };

  private readonly header: Header;
  private readonly charts: ChartSection;
  private readonly flow: FlowSection;
  private readonly why: WhySection;
  private readonly empty: HTMLElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly texts: Texts,
    private readonly link: Link,
  ) {
    this.header = new Header(texts, (action) => link.control(action));
    this.charts = new ChartSection(texts, this.metrics);
    this.flow = new FlowSection(texts, this.gestures(false), this.gestures(true), () => link.target('last'));
    this.why = new WhySection(texts, this.gestures(true), (choice) => link.unitMap(choice));
    this.empty = element('div', { class: 'empty' }, element('h1', { text: texts.get('emptyTitle') }), element('p', { text: texts.get('emptyHelp') }));
    root.append(this.empty, this.header.root, this.charts.root, this.flow.root, this.why.root);
    watchTheme(() => {
      this.stale.theme = true;
      this.schedule();
    });
    new ResizeObserver(() => this.schedule()).observe(root);
    window.addEventListener('resize', () => {
      this.stale.paint = true;
      this.schedule();
    });
    this.schedule();
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'run':
        this.open(message);
        break;
      case 'status':
        this.status = message.status;
        break;
      case 'progress':
        this.metrics.add(message.rows);
        this.stale.charts = true;
        break;
      case 'frame':
        this.arrived = message.frame;
        break;
      case 'probeFailed':
        this.probeFailed = message.message;
        this.arrived = this.frame = null;
        break;
      case 'mark':
        this.link.markedByEditor(message.step);
        this.setMark(message.step, null, true);
        break;
    }
    this.schedule();
  }

  private open({ run, status, history }: Extract<ToPage, { type: 'run' }>): void {
    this.run = run;
    this.status = status;
    this.metrics.clear();
    this.metrics.add(history);
    this.arrived = this.frame = this.probeFailed = this.mark = this.unit = null;
    this.rows = [];
    this.stale.charts = true;
    this.link.remember(run);
    const choice = this.keptChoice(run);
    this.why.restore(choice);
    if (choice) this.link.unitMap(choice);
  }

  /** What the unit map showed before, if this model has it. */
  private keptChoice(run: RunDescription | null): UnitMapChoice | null {
    const { unitMap } = this.link.state();
    if (!run || !unitMap || unitMap.layer >= run.model.layers || !unitQuantities[run.model.cell].includes(unitMap.quantity)) return null;
    return unitMap;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      try {
        this.draw();
      } catch (thrown) {
        this.link.error(thrown);
      }
    });
  }

  private draw(): void {
    const drawn = this.acceptFrame();
    if (this.stale.theme) this.theme = readTheme();
    const shown = this.run !== null || this.frame !== null || this.probeFailed !== null;
    this.empty.hidden = shown;
    // A model opened without a run's history was not trained here.
    this.charts.root.hidden = this.run === null || (this.status.state === 'stopped' && this.metrics.latest === null);
    this.flow.root.hidden = !shown;
    this.why.root.hidden = this.frame === null;
    this.header.show(this.run, this.status, this.metrics.latest);
    if (this.stale.theme) this.charts.setTheme(this.theme);
    if (this.stale.theme || this.stale.charts) this.charts.draw(this.run?.training ?? unclipped);
    if (this.frame) this.drawFrame(this.frame, drawn);
    else this.flow.say(this.probeFailed ?? this.texts.get('readingText'));
    this.stale.theme = this.stale.charts = this.stale.paint = false;
    if (drawn && this.frame) {
      const count = Number(document.documentElement.dataset['framesDrawn'] ?? 0) + 1;
      document.documentElement.dataset['framesDrawn'] = String(count);
      this.link.frameDrawn(this.frame.header.sequence);
    }
  }

  /** Takes the newest frame, if one has come, to be drawn now. */
  private acceptFrame(): boolean {
    const next = this.arrived;
    if (!next) return false;
    const before = this.frame?.header;
    const { target, tokens, unitMap } = next.header;
    this.arrived = null;
    this.frame = next;
    this.rows = flowRows(next);
    this.probeFailed = null;
    if (this.mark !== null && this.mark >= tokens.length) this.mark = null;
    if (this.unit !== null && this.unit >= unitMap.units) this.unit = null;
    if (before?.target !== target || before.tokens.length !== tokens.length) this.flow.strip.centre(target);
    return true;
  }

  private drawFrame(frame: Frame, drawn: boolean): void {
    const { header } = frame;
    const width = this.root.clientWidth - 2 * parseFloat(getComputedStyle(this.root).paddingLeft);
    const columns: Columns = { left: marginLeft, width: Math.max(40, width - marginLeft - marginRight), first: 0, count: header.tokens.length };
    if (drawn || this.stale.theme || this.stale.paint || width !== this.width) {
      this.width = width;
      this.flow.paint(header, this.rows, columns, this.theme);
      this.why.paint(frame, columns, this.theme, this.run?.model.activation === 'relu' && header.layers[header.unitMap.layer].cell === 'rnn');
    }
    const marked = { target: header.target, mark: this.mark };
    this.flow.draw(width, header, this.rows, columns, this.theme, marked);
    this.why.draw(width, columns, this.theme, marked, this.unit);
    this.flow.readout.show(frame, this.rows, this.mark, this.unit);
  }

  private gestures(centre: boolean): SharedGestures {
    return {
      mark: (step, row) => {
        this.link.mark(step);
        this.setMark(step, row, centre);
      },
      move: (steps, rows) => this.move(steps, rows),
      reveal: (step) => this.link.reveal(step),
      target: (step) => this.link.target(step),
      current: () => this.mark,
    };
  }

  private setMark(step: number | null, unit: number | null, centre: boolean): void {
    const count = this.frame?.header.tokens.length ?? 0;
    this.mark = step !== null && step >= 0 && step < count ? step : null;
    this.unit = this.mark === null ? null : unit;
    if (centre && this.mark !== null) this.flow.strip.centre(this.mark);
    this.schedule();
  }

  /** By keys: from the mark, or from the target when nothing is marked yet. */
  private move(steps: number | 'first' | 'last', rows: number): void {
    if (!this.frame) return;
    const { tokens, target, unitMap } = this.frame.header;
    const from = this.mark ?? target;
    const to = steps === 'first' ? 0 : steps === 'last' ? tokens.length - 1 : from + steps;
    this.mark = Math.max(0, Math.min(tokens.length - 1, to));
    if (rows !== 0) this.unit = Math.max(0, Math.min(unitMap.units - 1, this.unit === null ? 0 : this.unit + rows));
    this.flow.strip.follow(this.mark);
    this.link.mark(this.mark);
    this.flow.readout.show(this.frame, this.rows, this.mark, this.unit);
    this.flow.readout.speak();
    this.schedule();
  }
}
