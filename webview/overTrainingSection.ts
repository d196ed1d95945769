/** How did that change? The flow over training; dragging over it, or the arrow keys, travel to the flow of an earlier step. */
import type { FrameHeader } from '../src/protocol/frame';
import type { FlowLane } from '../src/protocol/overTraining';
import { nearest } from './charts/lineChart';
import type { Metrics } from './charts/metrics';
import { ChoiceRow, button, type PageButton } from './controls';
import { element, setText } from './dom';
import type { FlowRow } from './flowRows';
import type { OverTraining, OverTrainingRow } from './overTraining';
import { OverTrainingFigure, type Place } from './overTrainingFigure';
import type { Texts } from './texts';
import type { Theme } from './theme';

/** Milliseconds between two pictures of new rows: the heatmap changes slowly, and the screen belongs to the flow. */
const pace = 400;
const pageOfRows = 10;

export class OverTrainingSection {
  readonly root: HTMLElement;
  private readonly figure: OverTrainingFigure;
  private readonly lanes: ChoiceRow;
  private readonly sentence = element('p', { class: 'sentence' });
  private readonly readout = element('p', { class: 'caption number' });
  private readonly empty = element('p', { class: 'caption dim' });
  private readonly past = element('span', { class: 'past' });
  private readonly now: PageButton;
  private readonly body: HTMLElement;
  private choice: FlowLane | null = null;
  private travelled: number | null = null;
  private pointed: Place | null = null;
  private dragging = false;
  private painted = { version: -1, at: 0, width: 0 };
  private dirty = true;

  /** `travel` is told a step, or null for now; `choose` the lane that is wanted. */
  constructor(
    private readonly texts: Texts,
    private readonly rows: OverTraining,
    private readonly metrics: Metrics,
    private readonly travel: (step: number | null) => void,
    private readonly choose: (lane: FlowLane) => void,
    private readonly changed: () => void,
  ) {
    this.figure = new OverTrainingFigure(texts);
    this.lanes = new ChoiceRow(texts.get('overLane'), 'lane', (value) => this.chosen(laneOf(value)));
    this.now = button({ action: 'now', text: texts.get('overNow'), help: texts.get('overNowHelp'), pressed: () => this.go(null) });
    this.now.show(false, false);
    const { canvas } = this.figure.figure;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'slider');
    this.body = element('div', { class: 'figures' }, canvas, this.readout, element('p', { class: 'caption dim', text: texts.get('overHint') }));
    setText(this.empty, texts.get('overEmpty'));
    this.root = element(
      'section',
      { class: 'over' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('overTitle') }), element('span', { class: 'dim', text: texts.get('overSubtitle') }), element('span', { class: 'grow' }), this.lanes.root, this.past, this.now.root),
      this.sentence,
      this.empty,
      this.body,
    );
    this.listen(canvas);
  }

  /** The lane that is shown; null until a frame has said which there are. */
  get lane(): FlowLane | null {
    return this.choice;
  }

  /** Another run. */
  reset(): void {
    this.choice = this.pointed = this.travelled = null;
    this.dirty = true;
    this.painted.version = -1;
  }

  /** The step whose flow is shown above; null for now. */
  showTravelled(step: number | null): void {
    this.travelled = step;
    this.dirty = true;
  }

  /** Which lanes there are; chooses the top layer's, of an LSTM the cell state's. */
  offer(rows: readonly FlowRow[]): void {
    if (rows.length === 0) return;
    const known = this.choice !== null && rows.some((row) => keyOf(row) === keyOf(this.choice));
    this.lanes.show(rows.map((row) => ({ value: keyOf(row), text: this.texts.row(row) })), keyOf(known ? this.choice : rows[0]));
    if (!known) this.chosen(rows[0]);
  }

  draw(width: number, left: number, right: number, theme: Theme, force: boolean, header: FrameHeader | null): void {
    const { rows, metrics } = this;
    const hasRows = rows.rows.length > 0;
    this.empty.hidden = hasRows;
    this.body.hidden = !hasRows;
    this.sentence.hidden = !hasRows;
    const isPast = this.travelled !== null;
    setText(this.past, isPast ? this.texts.get('overPast', this.texts.numbers.integer(this.travelled ?? 0)) : '');
    this.now.show(isPast, isPast);
    if (!hasRows || (!this.dirty && !force && rows.version === this.painted.version && width === this.painted.width)) return;
    const view = { left, width: Math.max(40, width - left - right), travelled: this.travelled, pointed: this.pointed };
    const since = performance.now() - this.painted.at;
    if (force || width !== this.painted.width || (rows.version !== this.painted.version && since > pace)) {
      this.painted = { version: rows.version, at: performance.now(), width };
      this.figure.paint(rows, metrics, view, theme);
      this.describe(header);
    } else if (rows.version !== this.painted.version) {
      setTimeout(this.changed, pace - since + 1);
      if (!this.dirty) return;
    }
    this.dirty = false;
    this.figure.draw(width, rows, metrics, view, theme);
    setText(this.readout, this.valueText());
  }

  private listen(canvas: HTMLCanvasElement): void {
    const point = (event: PointerEvent): void => {
      this.pointed = this.figure.placeAt(event.offsetX, event.offsetY);
      this.dirty = true;
      if (this.dragging && this.pointed) this.go(this.pointed.step);
      this.changed();
    };
    canvas.addEventListener('pointermove', point);
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.dragging = true;
      canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, () => (this.dragging = false));
    canvas.addEventListener('pointerleave', () => {
      this.pointed = null;
      this.dirty = true;
      this.changed();
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  /** Whether the key means something here. */
  private key(name: string): boolean {
    const last = this.rows.rows.length - 1;
    const at = this.travelled === null ? last : this.rows.nearest(this.travelled);
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageUp: at - pageOfRows, PageDown: at + pageOfRows, Home: 0, End: last }[name];
    if (name === 'Escape') this.go(null);
    else if (to === undefined) return false;
    else this.go(this.rows.rows[Math.max(0, Math.min(last, to))].step);
    return true;
  }

  /** To the row nearest to a step, or to now. */
  private go(step: number | null): void {
    const row = step === null ? -1 : this.rows.nearest(step);
    const next = row < 0 ? null : this.rows.rows[row].step;
    if (next === this.travelled) return;
    this.showTravelled(next);
    this.travel(next);
    this.changed();
  }

  private chosen(lane: FlowLane): void {
    this.choice = { layer: lane.layer, direction: lane.direction, state: lane.state };
    this.choose(this.choice);
  }

  private describe(header: FrameHeader | null): void {
    const { texts, rows: { rows } } = this;
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const said = first === last
      ? texts.get('overSentenceOnce', texts.numbers.integer(last.step), this.reach(last))
      : texts.get('overSentence', this.reach(first), texts.numbers.integer(first.step), this.reach(last), texts.numbers.integer(last.step));
    setText(this.sentence, said);
    const { canvas } = this.figure.figure;
    this.figure.figure.describe(texts.get('overDescription', said));
    const shown = this.rows.nearest(this.travelled ?? header?.trainingStep ?? last.step);
    canvas.setAttribute('aria-valuemin', String(first.step));
    canvas.setAttribute('aria-valuemax', String(last.step));
    canvas.setAttribute('aria-valuenow', String(rows[shown].step));
    canvas.setAttribute('aria-valuetext', texts.get('overValue', texts.numbers.integer(rows[shown].step), this.reach(rows[shown])));
  }

  private reach({ horizon }: OverTrainingRow): string {
    return Number.isNaN(horizon) ? this.texts.get('overReachAll') : this.texts.tokens(horizon);
  }

  /** Of the place under the pointer, else of the step that was travelled to. */
  private valueText(): string {
    const { texts, pointed } = this;
    const { numbers } = texts;
    const index = this.rows.nearest(pointed?.step ?? this.travelled ?? Infinity);
    if (index < 0 || (!pointed && this.travelled === null)) return '';
    const row = this.rows.rows[index];
    const step = numbers.integer(row.step);
    const value = pointed?.lag == null ? undefined : row.relative.at(pointed.lag);
    const parts = [pointed?.lag == null ? texts.get('step', step) : value === undefined ? texts.get('overAtNone', step, texts.tokens(pointed.lag)) : texts.get('overAt', step, texts.tokens(pointed.lag), texts.relative(value))];
    parts.push(texts.get('overReach', this.reach(row)));
    const before = nearest(this.metrics.normBefore.points, row.step);
    const after = nearest(this.metrics.normAfter.points, row.step);
    if (before && after) {
      const isClipped = after.x === before.x && after.y < before.y * (1 - 1e-6);
      parts.push(isClipped ? texts.get('normAtClipped', numbers.integer(before.x), numbers.short(before.y), numbers.short(after.y)) : texts.get('normAt', numbers.integer(before.x), numbers.short(before.y)));
    }
    return parts.join(' · ');
  }
}

function keyOf(lane: FlowLane | null): string {
  return lane ? `${lane.layer} ${lane.direction} ${lane.state}` : '';
}

function laneOf(key: string): FlowLane {
  const [layer, direction, state] = key.split(' ');
  return { layer: Number(layer), direction: direction === 'backward' ? 'backward' : 'forward', state: state === 'cell' ? 'cell' : 'hidden' };
}
