/** The page: what it knows, and drawing it, at most once for each picture the screen shows. */
import type { Frame } from '../src/protocol/frame';
import type { PageView, PanelStatus, ToPage } from '../src/pageContract/messages';
import type { RunDescription } from '../src/protocol/run';
import { Metrics } from './shared/charts/metrics';
import { figureColumns } from './shared/columns';
import { button } from './shared/controls';
import { element } from './shared/dom';
import { Exporter, type PageState } from './shared/exporting/exporter';
import { firstRows, type FlowRow } from './shared/flowRows';
import { Header } from './header';
import { KeptPlace } from './keptPlace';
import type { Link } from './shared/link';
import type { PageParts, Scene, Section } from './shared/section';
import { sectionsOf } from './sections';
import type { Texts } from './shared/texts';
import { readTheme, watchTheme } from './shared/theme';
import { Travel } from './shared/travel';
import { View } from './shared/view';

export class Page {
  private run: RunDescription | null = null;
  private status: PanelStatus = { state: 'starting', step: 0, message: null };
  private readonly metrics = new Metrics();
  /** The newest frame that has not been drawn. */
  private arrived: Frame | null = null;
  private frame: Frame | null = null;
  /** The newest of all, also while that of an earlier training step is shown. */
  private live: Frame | null = null;
  private rows: FlowRow[] = [];
  private failure: string | null = null;

  private theme = readTheme();
  private width = 0;
  private scheduled = false;
  private readonly stale = { theme: true, frame: true, metrics: true, paint: true };

  private readonly view = new View(() => this.schedule());
  private readonly travel: Travel;
  private readonly header: Header;
  private readonly sections: readonly Section[];
  private readonly exporter: Exporter;
  private readonly place: KeptPlace;
  private readonly empty: HTMLElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly texts: Texts,
    private readonly link: Link,
    private readonly kind: PageView = 'run',
  ) {
    this.travel = new Travel(link, () => this.goToNow());
    const parts: PageParts = {
      texts,
      link,
      view: this.view,
      travel: this.travel,
      redraw: () => this.schedule(),
      repaint: () => {
        this.stale.paint = true;
        this.schedule();
      },
      exportSection: (section) => this.exporter.offer(section, null),
    };
    this.header = new Header(texts, (action) => link.control(action));
    this.sections = sectionsOf(parts, kind);
    this.place = new KeptPlace(link, this.view);
    this.exporter = new Exporter(this.sections, texts, link, () => this.described());
    this.empty = element(
      'div',
      { class: 'empty' },
      element('h1', { text: texts.get('panel.header.empty') }),
      element('p', { text: texts.get('panel.header.emptyHelp') }),
      button({
        action: 'openPlayground',
        text: texts.get('panel.playground.open'),
        help: texts.get('panel.playground.sentence'),
        pressed: () => link.openPlayground(),
      }).root,
    );
    // What does not belong to what is shown is hidden by the first drawing.
    root.style.visibility = 'hidden';
    root.append(this.empty, this.header.root, ...this.sections.map((section) => section.root));
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
        this.stale.metrics = true;
        break;
      case 'frame':
        this.live = message.frame;
        // Out of sight, it need not be drawn to be answered.
        if (this.travel.step === null) this.arrived = message.frame;
        else this.link.frameDrawn(message.frame.header.sequence);
        break;
      case 'traveled':
        if (this.travel.accept(message.frame !== null) && message.frame) this.arrived = message.frame;
        this.link.traveled(this.travel.step !== null, isOtherText(message.frame, this.live));
        break;
      case 'playground':
        if (message.result) this.arrived = message.result.frame;
        break;
      case 'probeFailed':
        this.failure = message.message;
        this.arrived = this.frame = this.live = null;
        this.travel.reset();
        this.stale.frame = true;
        break;
      case 'mark':
        this.link.markedByEditor(message.step);
        this.view.setMark(message.step);
        break;
      case 'offerExports':
        this.exporter.offer(null, message.kind);
        break;
      case 'export':
        this.exporter.make(message.id, message.format).catch((thrown: unknown) => this.link.error(thrown));
        break;
    }
    for (const section of this.sections) section.receive?.(message);
    this.schedule();
  }

  private open({ run, status, history }: Extract<ToPage, { type: 'run' }>): void {
    this.run = run;
    this.status = status;
    this.metrics.clear();
    this.metrics.add(history);
    this.arrived = this.frame = this.live = this.failure = null;
    this.travel.reset();
    this.rows = [];
    this.view.setMark(null);
    this.stale.metrics = this.stale.frame = true;
    this.link.remember(run);
    this.link.forgetInputs();
    this.place.opened();
  }

  private goToNow(): void {
    this.arrived = this.live;
    this.link.traveled(false, false);
    this.schedule();
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
    const { stale } = this;
    this.root.style.visibility = '';
    const isNew = this.acceptFrame();
    if (stale.theme) this.theme = readTheme();
    this.empty.hidden = this.kind !== 'run' || this.run !== null || this.frame !== null || this.failure !== null;
    this.header.show(this.run, this.status, this.metrics.latest);
    const scene = this.scene();
    for (const section of this.sections) section.draw(scene);
    stale.theme = stale.frame = stale.metrics = stale.paint = false;
    if (this.frame) this.place.drawn(this.frame.header);
    if (isNew && this.frame) {
      const count = Number(document.documentElement.dataset['framesDrawn'] ?? 0) + 1;
      document.documentElement.dataset['framesDrawn'] = String(count);
      this.link.frameDrawn(this.frame.header.sequence);
    }
  }

  private scene(): Scene {
    const width = this.root.clientWidth - 2 * parseFloat(getComputedStyle(this.root).paddingLeft);
    const { run, status, metrics, frame, rows, failure, view, theme, stale } = this;
    const columns = figureColumns(width, frame?.header.graph !== undefined, view.steps);
    const paint = stale.theme || stale.paint || width !== this.width;
    this.width = width;
    return {
      run,
      status,
      metrics,
      frame,
      rows,
      failure,
      view,
      columns,
      width,
      theme,
      fresh: { frame: stale.frame, metrics: stale.metrics, paint },
    };
  }

  /** What exported files say of the page. */
  private described(): PageState {
    const { run, frame, theme, texts } = this;
    const { numbers } = texts;
    const name =
      (run?.name ?? 'backflow')
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')
        .slice(0, 32) || 'backflow';
    const facts: [string, string][] = [];
    if (run) {
      facts.push([texts.get('panel.report.parameters'), numbers.integer(run.model.parameterCount)]);
    }
    if (frame && !frame.header.graph)
      facts.push([texts.get('panel.axis.trainingStep'), numbers.integer(frame.header.trainingStep)]);
    if (frame) facts.push([texts.get('panel.report.text'), texts.tokens(frame.header.tokens.length)]);
    return { theme, name, title: run ? this.header.nameOf(run) : 'Backflow', facts };
  }

  /** Takes the newest frame, if one has come, to be drawn now. */
  private acceptFrame(): boolean {
    const next = this.arrived;
    if (!next) return false;
    this.arrived = null;
    this.frame = next;
    this.rows = firstRows(next);
    this.failure = null;
    this.view.accept(next.header.tokens.length, next.header.unitMap.units);
    this.stale.frame = true;
    this.place.frameCame(next.header);
    return true;
  }
}

function isOtherText(a: Frame | null, b: Frame | null): boolean {
  return a !== null && b !== null && a.header.tokens.join('\u0000') !== b.header.tokens.join('\u0000');
}
