/** How did that change? The flow over training; dragging over it, or the arrow keys, travel to the flow of an earlier step. */
import type { FlowLane } from '../../../src/protocol/overTraining';
import type { ToPage } from '../../../src/pageContract/messages';
import type { RunDescription, RunState } from '../../../src/protocol/run';
import { defaultThresholds } from '../../../src/protocol/settings';
import { ChoiceRow } from '../../shared/choiceRow';
import { button, type PageButton } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { keptOf, keyOf, laneOf, lanesOf, lanesOfSeries } from './lanes';
import { OverTraining } from './overTraining';
import { OverTrainingFigure, type OverTrainingView, type Place } from './overTrainingFigure';
import { overTrainingReadout } from './overTrainingReadout';
import { overTrainingVerdict, reachInWords, targetInWords } from './overTrainingVerdict';
import { SpectraFigure } from './spectraFigure';
import { spectraTable, spectrumText } from './spectraWords';
import { listenToTravel } from './traveling';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import type { Theme } from '../../shared/theme';

/** Milliseconds between two pictures of new rows: the heatmap changes slowly, and the screen belongs to the flow. */
const pace = 400;
/** Milliseconds after which the engine is asked again for rows that no frame brings. */
const askPace = 1000;
const keptName = 'overTraining';
const liveStates: readonly RunState[] = ['starting', 'running', 'paused'];

export class OverTrainingSection implements Section {
  readonly root: HTMLElement;
  private readonly rows = new OverTraining();
  private readonly figure: OverTrainingFigure;
  private readonly spectra: SpectraFigure;
  private readonly ofSpectra: HTMLElement;
  private readonly lanes: ChoiceRow;
  private readonly said = element('p', { class: 'said' });
  private readonly readout = element('p', { class: 'caption number' });
  private readonly empty: HTMLElement;
  private readonly past = element('span', { class: 'past number' });
  private readonly now: PageButton;
  private readonly body: HTMLElement;
  private lane: FlowLane | null = null;
  private folder = '';
  /** The step the reader had traveled to before the page went away; null for now. */
  private kept: number | null = null;
  private isLive = false;
  /** It is trained elsewhere, and its steps come from their files. */
  private isRecording = false;
  private isAsked = false;
  private pointed: Place | null = null;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private asking: ReturnType<typeof setTimeout> | undefined;
  private painted = { version: -1, at: -Infinity };
  private hasMoved = false;
  private drawnFor: { traveled: number | null; pointed: Place | null } = { traveled: null, pointed: null };
  /** That of the frame, by which the rows' horizons are measured too. */
  private vanishing = defaultThresholds.vanishing;

  constructor(private readonly parts: PageParts) {
    const { texts } = parts;
    this.figure = new OverTrainingFigure(texts, () => this.moved());
    this.spectra = new SpectraFigure(texts);
    this.lanes = new ChoiceRow(texts.get('panel.overTraining.lane'), 'lane', (value) => this.choose(laneOf(value)));
    this.now = button({
      action: 'now',
      text: texts.get('panel.overTraining.now'),
      help: texts.get('panel.overTraining.nowHelp'),
      pressed: () => this.go(null),
    });
    this.now.show(false, false);
    this.empty = element('p', { class: 'dim' });
    const { root, controls } = sectionFrame(texts, {
      id: 'over',
      title: 'panel.overTraining.title',
      sentence: 'panel.overTraining.explained',
      explanation: [
        'panel.overTraining.explainedMore',
        { formula: 'r_{lag} = log₁₀(‖∂ℓ_τ/∂h_{τ−lag}‖ / ‖∂ℓ_τ/∂h_τ‖)' },
        'panel.overTraining.explainedNorm',
        'panel.overTraining.explainedSpectra',
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    controls.append(this.lanes.root, this.past, this.now.root);
    const { canvas } = this.figure.figure;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'slider');
    this.ofSpectra = element(
      'div',
      {},
      element('h3', { text: texts.get('panel.overTraining.spectra') }),
      this.spectra.figure.canvas,
    );
    this.body = element(
      'div',
      { class: 'figures' },
      canvas,
      this.ofSpectra,
      element('p', { class: 'caption dim', text: texts.get('panel.overTraining.hint') }),
      this.readout,
    );
    root.append(this.said, this.empty, this.body);
    listenToTravel({
      figure: this.figure,
      rows: this.rows,
      step: () => parts.travel.step,
      go: (step) => this.go(step),
      point: (place) => {
        this.pointed = place;
        parts.redraw();
      },
    });
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'run':
        this.rows.clear();
        this.figure.clear();
        this.painted.at = -Infinity;
        this.pointed = this.lane = null;
        this.isLive = liveStates.includes(message.status.state);
        this.isRecording = message.run?.recording !== undefined;
        // In graph mode nothing is trained.
        if (message.run && (!message.run.graph || message.run.recording)) this.offer(message.run);
        break;
      case 'status':
        // Steps were added to it, of which the page has seen the newest alone.
        if (this.isRecording) this.ask();
        this.isLive ||= liveStates.includes(message.status.state);
        // Something happened that nobody asked for: perhaps an overflow.
        if (message.status.message !== null) this.ask();
        // An engine that was still starting could not answer.
        else if (message.status.state === 'running' && !this.rows.isLoaded) this.ask();
        break;
      case 'frame':
        // A model that is only looked at does not change.
        if (this.isLive && this.rows.add(message.frame)) this.askSoon();
        if (this.rows.isFull && !this.isAsked) this.ask();
        break;
      case 'overTraining':
        this.isAsked = false;
        if (keyOf(message.history.lane) !== keyOf(this.lane)) break;
        this.rows.load(message.history);
        if (this.kept !== null && this.rows.rows.some(({ step }) => step === this.kept))
          this.parts.travel.go(this.kept);
        this.kept = null;
        break;
    }
  }

  draw({ run, width, columns, metrics, theme, fresh, frame }: Scene): void {
    const { texts, travel } = this.parts;
    const { rows } = this;
    if (frame) this.vanishing = frame.header.thresholds.vanishing;
    const hasRows = rows.rows.length > 0;
    // Of a run that has ended the engine has said what was kept; a model that was only opened has not been trained here.
    const isPast = rows.isLoaded && metrics.latest !== null;
    this.root.hidden = run === null || (!hasRows && !this.isLive && !isPast);
    this.empty.hidden = hasRows;
    setText(this.empty, texts.get(this.isLive ? 'panel.overTraining.empty' : 'panel.overTraining.emptyPast'));
    this.body.hidden = this.said.hidden = !hasRows;
    const traveled = travel.step === null ? null : (frame?.header.trainingStep ?? travel.step);
    setText(this.past, traveled === null ? '' : texts.get('panel.overTraining.past', texts.numbers.integer(traveled)));
    this.now.show(traveled !== null, traveled !== null);
    if (!hasRows || this.root.hidden) return;
    const view = { left: columns.left, width: columns.width, traveled, pointed: this.pointed };
    const isMarkedNew = traveled !== this.drawnFor.traveled || this.pointed !== this.drawnFor.pointed;
    const isStale = fresh.metrics || rows.version !== this.painted.version;
    const since = performance.now() - this.painted.at;
    if (fresh.paint || this.hasMoved || (isStale && since > pace)) {
      this.painted = { version: rows.version, at: performance.now() };
      this.figure.paint(rows, metrics, view, theme);
      this.hasMoved = false;
    } else if (isStale) {
      this.waitFor(pace - since + 1);
      if (!isMarkedNew) return;
    } else if (!isMarkedNew) return;
    this.drawnFor = { traveled, pointed: this.pointed };
    this.figure.draw(width, rows, metrics, view, theme);
    this.drawSpectra(width, view, theme);
    this.describe(traveled);
    const place = this.pointed ?? (traveled === null ? null : { step: traveled, lag: null });
    setText(this.readout, place ? overTrainingReadout(place, { rows, metrics, vanishing: this.vanishing }, texts) : '');
  }

  figures(): readonly ExportedFigure[] {
    if (this.rows.rows.length === 0) return [];
    const { texts } = this.parts;
    return [
      this.figure.figure.exported('over-training', texts.get('panel.overTraining.title')),
      ...(this.rows.spectra.length > 0
        ? [this.spectra.figure.exported('spectra-over-training', texts.get('panel.overTraining.spectraOf'))]
        : []),
    ];
  }

  tables(): readonly ExportedTable[] {
    const {
      rows: { rows, spectra },
      parts: { texts },
    } = this;
    if (rows.length === 0) return [];
    const columns = [texts.get('panel.axis.trainingStep'), texts.get('panel.overTraining.lag'), 'log10'];
    return [
      {
        id: 'over-training',
        title: texts.get('panel.overTraining.title'),
        columns,
        rows: () => rows.flatMap(({ step, relative }) => Array.from(relative, (value, lag) => [step, lag, value])),
      },
      ...(spectra.length > 0 ? [spectraTable(spectra, texts)] : []),
    ];
  }

  private drawSpectra(
    width: number,
    { left, width: room, traveled, pointed }: Pick<OverTrainingView, 'left' | 'width' | 'traveled' | 'pointed'>,
    theme: Theme,
  ): void {
    const { spectra } = this.rows;
    this.ofSpectra.hidden = spectra.length === 0;
    const last = spectra.at(-1);
    if (!last) return;
    const marked = [traveled, pointed?.step ?? null].filter((step) => step !== null);
    const xOf = (step: number): number => this.figure.xOf(step);
    this.spectra.draw(width, spectra, { left, width: room, xOf, marked }, theme);
    const { texts } = this.parts;
    this.spectra.figure.describe(texts.get('panel.overTraining.spectraDescription', spectrumText(last, texts)));
  }

  /** The states of the model's layers, the top one first, which is chosen; of layers without states what they read, the lowest first. */
  private offer({ model, folder, graph, recording }: RunDescription): void {
    const { texts } = this.parts;
    const { lanes, naming, names } = recording && graph ? lanesOfSeries(graph) : { ...lanesOf(model), names: null };
    const before = keptOf(this.parts.link.keptView(keptName));
    this.folder = folder;
    this.kept = before?.folder === folder ? before.step : null;
    const chosen = lanes.find((lane) => before?.folder === folder && keyOf(lane) === before.lane) ?? lanes[0];
    this.lanes.show(
      lanes.map((lane, i) => ({
        value: keyOf(lane),
        text: names?.[i] ?? texts.row({ ...lane, naming, series: null }),
      })),
      keyOf(chosen),
    );
    this.choose(chosen);
  }

  private choose(lane: FlowLane): void {
    this.lane = lane;
    this.keep();
    this.ask();
  }

  private ask(): void {
    if (!this.lane) return;
    this.isAsked = true;
    this.parts.link.overTraining(this.lane);
  }

  /** For rows that the engine has beside the frames that come; asked while it waits, it waits once. */
  private askSoon(): void {
    // Before the first row every frame may bring it.
    if (this.rows.rows.length === 0 && !this.isAsked) this.ask();
    this.asking ??= setTimeout(() => {
      this.asking = undefined;
      if (!this.isAsked) this.ask();
    }, askPace);
  }

  /** Other steps or lags are in view. */
  private moved(): void {
    this.hasMoved = true;
    this.parts.redraw();
  }

  /** To the row nearest to a step, or to now. */
  private go(step: number | null): void {
    const row = step === null ? -1 : this.rows.nearest(step);
    this.parts.travel.go(row < 0 ? null : this.rows.rows[row].step);
    this.keep();
    this.parts.redraw();
  }

  /** Draws again when it is time for a new picture; asked while it waits, it waits once. */
  private waitFor(milliseconds: number): void {
    this.waiting ??= setTimeout(() => {
      this.waiting = undefined;
      this.parts.redraw();
    }, milliseconds);
  }

  /** For when the page comes back. */
  private keep(): void {
    const { travel, link } = this.parts;
    link.keepView(keptName, { folder: this.folder, lane: keyOf(this.lane), step: this.kept ?? travel.step });
  }

  private describe(traveled: number | null): void {
    const { texts } = this.parts;
    const { rows } = this.rows;
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const said = overTrainingVerdict(rows, this.vanishing, texts);
    setText(this.said, `${said} ${targetInWords(this.rows, texts)}`.trim());
    this.figure.figure.describe(texts.get('panel.overTraining.description', said));
    const shown = rows[this.rows.nearest(traveled ?? last.step)];
    const values = {
      'aria-valuemin': String(first.step),
      'aria-valuemax': String(last.step),
      'aria-valuenow': String(shown.step),
      'aria-valuetext': texts.get(
        'panel.overTraining.value',
        texts.numbers.integer(shown.step),
        reachInWords(shown, this.vanishing, texts),
      ),
    };
    for (const [name, value] of Object.entries(values)) this.figure.figure.canvas.setAttribute(name, value);
  }
}
