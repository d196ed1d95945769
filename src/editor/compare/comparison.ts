/** A comparison: two to four sessions on one probe, in a panel of its own. What it started, it ends when it is closed. */
import * as vscode from 'vscode';
import type { Frame } from '../../protocol/frame';
import type { ControlAction, FromPage, PanelStatus } from '../../pageContract/messages';
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

export interface Compared {
  readonly session: RunSession;
  /** It was started for the comparison, and ends with it. */
  readonly isOwn: boolean;
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

/** Of one session: the frame the page is drawing, and the newest that has come since. */
interface Drawing {
  under: number | null;
  waiting: Frame | null;
}

export class Comparison implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private readonly drawings: Drawing[];
  private readonly follow = debounced(() => this.readProbe(true), rest);
  private probe: Probe | undefined;
  private target: number | 'last' = 'last';

  constructor(
    private readonly parts: ComparisonParts,
    private readonly title: string,
    private readonly compared: readonly Compared[],
    private readonly document: vscode.Uri,
  ) {
    this.drawings = compared.map(() => ({ under: null, waiting: null }));
    this.listeners = vscode.Disposable.from(
      ...compared.flatMap(({ session }, run) => this.listen(session, run)),
      parts.panel.onDidReceive((message) => this.receive(message)),
      parts.panel.onDidChangeVisibility(() => this.watch()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (textEditor.document.uri.toString() === document.toString()) this.follow();
      }),
    );
    this.readProbe(false);
  }

  /** Everything, for a page that has just come. */
  show(): void {
    const { panel } = this.parts;
    for (const drawing of this.drawings) drawing.under = drawing.waiting = null;
    panel.setTitle(localize('tab.named', this.title));
    panel.post({
      type: 'compared',
      title: this.title,
      runs: this.compared.map(({ session }) => ({
        run: session.description,
        status: statusOf(session),
        history: session.metrics.snapshot(),
      })),
    });
    this.compared.forEach(({ session }, run) => {
      if (session.lastFrame) this.passOn(run, session.lastFrame);
    });
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
        panel.post({ type: 'comparedStatus', run, status: statusOf(session) });
        // One that has been resumed has a new engine, which knows nothing yet.
        this.watch();
      }),
      session.onDidProgress(({ progress, wasRewound }) => {
        if (wasRewound) this.show();
        else panel.post({ type: 'comparedProgress', run, rows: rowsForPage(progress) });
        panel.post({ type: 'comparedStatus', run, status: statusOf(session) });
      }),
      session.onDidReceiveFrame((frame) => this.passOn(run, frame)),
      session.onDidRefuseWatch((message) =>
        panel.post({ type: 'comparedFailed', run, message: localizeMessage(message) }),
      ),
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
        this.target = message.target;
        this.watch();
        break;
      case 'reveal':
        this.reveal(message.step);
        break;
      default:
        break;
    }
  }

  /** The engine is answered elsewhere; a page that draws slowly gets fewer frames, and always the newest. */
  private passOn(run: number, frame: Frame): void {
    const drawing = this.drawings[run];
    if (drawing.under !== null) drawing.waiting = frame;
    else if (this.parts.panel.post({ type: 'comparedFrame', run, frame: frameForPage(frame) }))
      drawing.under = frame.header.sequence;
  }

  private drawn(run: number, sequence: number): void {
    const drawing = this.drawings.at(run);
    if (drawing?.under !== sequence) return;
    const { waiting } = drawing;
    drawing.under = drawing.waiting = null;
    if (waiting) this.passOn(run, waiting);
  }

  /** `isAsked`: only a selection changes the probe there is, so that a click does not. */
  private readProbe(isAsked: boolean): void {
    const editor = editorOf(this.document);
    // All of them read it by the same tokens.
    const next = editor && probeIn(editor, this.compared[0].session);
    if (!next || (isAsked && !next.isSelected)) return;
    if (next.text !== this.probe?.text) this.target = 'last';
    this.probe = next;
    this.watch();
  }

  private watch(): void {
    const { probe, target } = this;
    for (const { session } of this.compared) {
      if (!probe || !this.parts.panel.isVisible) session.watch(null, 'comparison');
      else
        session.watch(
          {
            text: probe.text,
            target,
            thresholds: thresholds(settingsFor(this.document)),
            unitMap: session.unitMap,
            total: false,
            ...(session.graph && { series: comparedTensors(session.graph) }),
            maxRate: rate,
          },
          'comparison',
        );
    }
  }

  /** Shows a token of the probe in the text. */
  private reveal(step: number): void {
    const { probe } = this;
    if (!probe || step >= tokenCount(probe)) return;
    editorOf(this.document)?.revealRange(
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
