/** A comparison: two to six sessions on one probe, in a panel of its own. What it started, it ends when it is closed. */
import * as vscode from 'vscode';
import type { Frame } from '../../protocol/frame';
import type { ControlAction, FromPage, PanelStatus } from '../../pageContract/messages';
import type { RunState } from '../../protocol/run';
import { thresholds } from '../chosenSettings';
import type { Panel } from '../panel/panel';
import { frameForPage, rowsForPage } from '../panel/wholeBuffers';
import { probeIn, rangeOf, type Probe } from '../probe/probeReader';
import { tokenCount } from '../probe/probeText';
import { editorOf } from '../probe/probeTracker';
import type { RunControl } from '../runs/runControl';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { settingsFor } from '../settings';
import { debounced } from '../timing';
import { localize, localizeMessage } from '../localize';
import { comparedTensors } from './comparable';
import { framesToShow, KeptFrames } from './equalSteps';

export interface Compared {
  readonly session: RunSession;
  /** It was started for the comparison, and ends with it. */
  readonly isOwn: boolean;
  /** What it does otherwise than the run that it continues. */
  readonly change?: string;
}

export interface ComparisonParts {
  readonly panel: Panel;
  readonly registry: RunRegistry;
  readonly control: RunControl;
}

/** Frames a second of each session: several share the machine and the page. */
const rate = 10;
/** Milliseconds of rest before a selection is read. */
const rest = 150;

/** Of one session. */
interface Shown {
  readonly frames: KeptFrames;
  hasTrained: boolean;
  /** What the page has of it. */
  sent: Frame | null;
  /** Sequence of the frame that the page is drawing. */
  drawing: number | null;
}

const endedStates: readonly RunState[] = ['stopped', 'finished', 'failed'];

export class Comparison implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private readonly shown: readonly Shown[];
  private readonly follow = debounced(() => this.readProbe(true), rest);
  private probe: Probe | undefined;
  private target: number | 'last' = 'last';

  constructor(
    private readonly parts: ComparisonParts,
    private readonly title: string,
    private readonly compared: readonly Compared[],
    /** Null where all are recordings: each is then shown on the tokens that it has read itself. */
    private readonly document: vscode.Uri | null,
  ) {
    this.shown = compared.map(() => ({ frames: new KeptFrames(), hasTrained: false, sent: null, drawing: null }));
    compared.forEach(({ session }, run) => this.look(session, run));
    this.listeners = vscode.Disposable.from(
      ...compared.flatMap(({ session }, run) => this.listen(session, run)),
      parts.panel.onDidReceive((message) => this.receive(message)),
      parts.panel.onDidChangeVisibility(() => this.watch()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (textEditor.document.uri.toString() === document?.toString()) this.follow();
      }),
    );
    this.readProbe(false);
  }

  /** Everything, for a page that has just come. */
  show(): void {
    const { panel } = this.parts;
    for (const each of this.shown) each.sent = each.drawing = null;
    panel.setTitle(localize('tab.named', this.title));
    panel.post({
      type: 'compared',
      title: this.title,
      document: this.document?.toString() ?? null,
      runs: this.compared.map(({ session, change }) => ({
        change: change ?? null,
        run: session.description,
        status: statusOf(session),
        history: session.metrics.snapshot(),
      })),
    });
    this.compared.forEach(({ session }, run) => {
      const { frames } = this.shown[run];
      if (frames.steps.length === 0 && session.lastFrame) frames.accept(session.lastFrame);
      this.sendSpectra(run);
    });
    this.passOn();
    this.watch();
  }

  /** Ends what the comparison has started; a run in training saves a checkpoint first. */
  async close(): Promise<void> {
    this.dispose();
    for (const { session } of this.compared) session.watch(null, 'comparison');
    const { registry } = this.parts;
    const own = this.compared.filter(({ session, isOwn }) => isOwn && registry.all.includes(session));
    await Promise.all(own.map(({ session }) => registry.close(session)));
  }

  dispose(): void {
    this.listeners.dispose();
    this.follow.dispose();
  }

  private listen(session: RunSession, run: number): vscode.Disposable[] {
    const { panel } = this.parts;
    return [
      session.onDidChange(() => {
        this.look(session, run);
        panel.post({ type: 'comparedStatus', run, status: statusOf(session) });
        this.passOn();
        // One that has been resumed has a new engine, which knows nothing yet.
        this.watch();
      }),
      session.onDidProgress(({ progress, wasRewound }) => {
        if (wasRewound) this.show();
        else panel.post({ type: 'comparedProgress', run, rows: rowsForPage(progress) });
        panel.post({ type: 'comparedStatus', run, status: statusOf(session) });
      }),
      session.onDidReceiveFrame((frame) => {
        const { frames } = this.shown[run];
        const before = frames.spectra;
        frames.accept(frame);
        if (frames.spectra !== before) this.sendSpectra(run);
        this.passOn();
      }),
      session.onDidRefuseWatch((message) => {
        this.shown[run].frames.clear();
        panel.post({ type: 'comparedFailed', run, message: localizeMessage(message) });
      }),
    ];
  }

  private receive(message: FromPage): void {
    switch (message.type) {
      case 'ready':
        this.show();
        break;
      case 'comparedDrawn':
        this.drawn(message.run, message.sequence);
        break;
      case 'control':
        for (const { session } of this.compared)
          if (canDo(message.action, session)) void this.parts.control.run(message.action, session);
        break;
      case 'target':
        // Of numbers nothing else is predicted.
        this.target = this.compared.some(({ session }) => session.isOfNumbers) ? 'last' : message.target;
        this.watch();
        break;
      case 'reveal':
        this.reveal(message.step);
        break;
      default:
        break;
    }
  }

  /** Remembers that a session has been trained here. */
  private look(session: RunSession, run: number): void {
    if (session.isRun && !endedStates.includes(session.status.state)) this.shown[run].hasTrained = true;
  }

  /** What stands at equal steps goes to the page, all of it together, once the page has drawn what it has. The engines are answered elsewhere. */
  private passOn(): void {
    if (this.shown.some(({ drawing }) => drawing !== null)) return;
    const frames = framesToShow(
      this.compared.map(({ session: { status } }, run) => ({
        ...this.shown[run],
        hasEnded: endedStates.includes(status.state),
      })),
    );
    this.shown.forEach((each, run) => {
      const frame = frames[run];
      if (!frame || frame === each.sent) return;
      if (!this.parts.panel.post({ type: 'comparedFrame', run, frame: frameForPage(frame) })) return;
      each.sent = frame;
      each.drawing = frame.header.sequence;
    });
  }

  private sendSpectra(run: number): void {
    this.parts.panel.post({ type: 'comparedSpectra', run, spectra: this.shown[run].frames.spectra });
  }

  private drawn(run: number, sequence: number): void {
    const each = this.shown.at(run);
    if (each?.drawing !== sequence) return;
    each.drawing = null;
    this.passOn();
  }

  /** `isAsked`: only a selection changes the probe there is, so that a click does not. */
  private readProbe(isAsked: boolean): void {
    const editor = this.document && editorOf(this.document);
    // All of them read it by the same tokens.
    const next = editor && probeIn(editor, this.compared[0].session);
    if (!next || (isAsked && !next.isSelected)) return;
    if (next.text !== this.probe?.text) this.target = 'last';
    this.probe = next;
    this.watch();
  }

  private watch(): void {
    const { document, probe, target } = this;
    const text = document ? probe?.text : '';
    for (const { session } of this.compared) {
      if (text === undefined || !this.parts.panel.isVisible) session.watch(null, 'comparison');
      else
        session.watch(
          {
            text,
            target,
            thresholds: thresholds(settingsFor(document ?? undefined)),
            unitMap: session.unitMap,
            total: false,
            inputs: true,
            atCommonSteps: true,
            ...(session.graph && { series: comparedTensors(session.graph) }),
            maxRate: rate,
          },
          'comparison',
        );
    }
  }

  /** Shows a token of the probe in the text. */
  private reveal(step: number): void {
    const { document, probe } = this;
    if (!document || !probe || step >= tokenCount(probe)) return;
    editorOf(document)?.revealRange(
      rangeOf(probe, step, step + 1),
      vscode.TextEditorRevealType.InCenterIfOutsideViewport,
    );
  }
}

/** What is asked of all is done by those that can. */
function canDo(action: ControlAction, { status: { state }, isRun }: RunSession): boolean {
  switch (action) {
    case 'pause':
      return state === 'running';
    case 'resume':
      return isRun && (state === 'paused' || state === 'stopped');
    case 'step':
      return state === 'paused';
    case 'stop':
      return state === 'running' || state === 'paused';
  }
}

function statusOf({ status }: RunSession): PanelStatus {
  return { state: status.state, step: status.step, message: status.message && localizeMessage(status.message) };
}
