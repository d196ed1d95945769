/** The run header: what is trained, how far it is, and the controls. */
import { isOfNumbers, lossInWords } from './shared/lossWords';
import { labelWith } from '../src/layers/catalog';
import { stackName } from '../src/layers/stackName';
import { layersOf } from '../src/protocol/settings';
import type { ControlAction, PanelStatus } from '../src/pageContract/messages';
import { lossUnitOf, type RunDescription, type RunState } from '../src/protocol/run';
import type { LatestStep } from './shared/charts/metrics';
import { button, type PageButton } from './shared/controls';
import { element, setText } from './shared/dom';
import type { Texts } from './shared/texts';

const stateKeys = {
  starting: 'run.state.starting',
  running: 'run.state.running',
  paused: 'run.state.paused',
  stopped: 'run.state.stopped',
  finished: 'run.state.finished',
  failed: 'run.state.failed',
} as const satisfies Record<RunState, string>;

/** The controls seen in each state; those in brackets are seen but not to be pressed. */
const controls: Readonly<Record<RunState, readonly (ControlAction | `(${ControlAction})`)[]>> = {
  starting: ['(pause)', '(step)', 'stop'],
  running: ['pause', '(step)', 'stop'],
  paused: ['resume', 'step', 'stop'],
  stopped: ['resume'],
  finished: ['resume'],
  failed: ['resume'],
};

const bitsPerNat = 1 / Math.LN2;

export class Header {
  readonly root: HTMLElement;
  private readonly title = element('h1');
  private readonly state = element('span', { class: 'state' });
  private readonly step = element('span', { class: 'number step' });
  private readonly loss = element('span', { class: 'number loss' });
  private readonly bits = element('span', { class: 'number dim bits' });
  private readonly speed = element('span', { class: 'number dim speed' });
  private readonly message = element('p', { class: 'message', attributes: { role: 'status' } });
  private readonly buttons: Readonly<Record<ControlAction, PageButton>>;

  constructor(
    private readonly texts: Texts,
    pressed: (action: ControlAction) => void,
  ) {
    const control = (action: ControlAction, text: string, primary: boolean): PageButton =>
      button({ action, text, primary, pressed: () => pressed(action) });
    this.buttons = {
      pause: control('pause', texts.get('panel.header.pause'), true),
      resume: control('resume', texts.get('panel.header.resume'), true),
      step: control('step', texts.get('panel.header.stepOnce'), false),
      stop: control('stop', texts.get('panel.header.stop'), false),
    };
    const group = element(
      'div',
      { class: 'controls', attributes: { role: 'group', 'aria-label': texts.get('panel.header.controls') } },
      ...Object.values(this.buttons).map((made) => made.root),
    );
    this.root = element(
      'header',
      {},
      element(
        'div',
        { class: 'summary' },
        this.title,
        element('div', { class: 'facts' }, this.state, this.step, this.loss, this.bits, this.speed),
      ),
      group,
      this.message,
    );
  }

  show(run: RunDescription | null, status: PanelStatus, latest: LatestStep | null): void {
    this.root.hidden = run === null;
    if (!run) return;
    const { texts } = this;
    const { numbers } = texts;
    const { model, training, corpus } = run;
    setText(this.title, this.nameOf(run));
    const sizes = [model.parameterCount, model.vocabularySize, corpus.tokens].map((size) => numbers.integer(size));
    this.title.title = texts.get(
      run.recording
        ? 'panel.header.recordingDetails'
        : run.graph
          ? 'panel.header.graphDetails'
          : isOfNumbers(run)
            ? 'panel.header.numbersDetails'
            : 'panel.header.modelDetails',
      ...sizes,
      ...(model.features === undefined ? [] : [numbers.integer(model.features)]),
    );
    // A model that was only opened is in no state and at no step that is known.
    const isRun = corpus.name !== '';
    this.state.hidden = !isRun;
    this.step.hidden = !isRun && status.step === 0;
    setText(this.state, texts.get(stateKeys[status.state]));
    this.state.dataset['state'] = status.state;
    const step = numbers.integer(status.step);
    setText(
      this.step,
      training.steps === null || run.recording
        ? texts.get('panel.header.step', step)
        : texts.get('panel.header.stepOf', step, numbers.integer(training.steps)),
    );
    // A recorded loss is what the user's loop has given: in what unit, nobody knows, and perhaps none.
    const loss = latest && !(run.recording && Number.isNaN(latest.loss)) ? latest.loss : null;
    const unit = lossUnitOf(run);
    setText(this.loss, loss === null ? '' : lossInWords(texts, loss, unit));
    setText(
      this.bits,
      loss === null || !Number.isFinite(loss) || unit !== 'nats'
        ? ''
        : texts.get('panel.header.bits', numbers.decimals(loss * bitsPerNat, 2)),
    );
    const backend = texts.get(run.backend === 'ort' ? 'panel.header.backendOrt' : 'panel.header.backendWasm');
    this.speed.hidden = run.graph !== undefined || run.recording !== undefined;
    setText(
      this.speed,
      latest
        ? `${texts.get('panel.header.tokensPerSecond', numbers.integer(latest.tokensPerSecond))} · ${backend}`
        : backend,
    );
    setText(this.message, status.message ?? '');
    this.message.hidden = status.message === null;
    this.message.classList.toggle('failure', status.state === 'failed');
    // What is not available in graph mode is no news.
    const isQuiet = run.graph !== undefined || run.recording !== undefined;
    this.message.classList.toggle('dim', isQuiet && status.state !== 'failed');
    // What trains elsewhere is not controlled here.
    this.showControls(status.state, latest !== null && !run.recording);
  }

  /** “tale.txt · LSTM 2 × 128”, “tale.txt · LSTM 128 + Attention 128”, “gpt.onnx · graph mode”. */
  nameOf({ name, corpus, model, graph, recording }: RunDescription): string {
    if (recording && graph) return `${name} · ${recording.model}`;
    if (graph) return `${name} · ${this.texts.get('panel.header.graph')}`;
    const stack = stackName(layersOf(model), {
      number: (value) => this.texts.numbers.integer(value),
      label: ({ cell, activation, options }) => labelWith(cell, activation, options),
    });
    return `${corpus.name === '' ? name : corpus.name} · ${stack}`;
  }

  /** A model that was opened without a run's history has nothing to resume. */
  private showControls(state: RunState, hasHistory: boolean): void {
    const focused = document.activeElement;
    const ended = state === 'stopped' || state === 'finished' || state === 'failed';
    const seen = ended && !hasHistory ? [] : controls[state];
    for (const [name, made] of Object.entries(this.buttons) as [ControlAction, PageButton][]) {
      made.show(seen.includes(name) || seen.includes(`(${name})`), seen.includes(name));
    }
    // Pause and Resume change places; the keyboard stays with them.
    const { pause, resume } = this.buttons;
    if (focused === pause.root && pause.root.hidden) resume.root.focus();
    else if (focused === resume.root && resume.root.hidden) pause.root.focus();
  }
}
