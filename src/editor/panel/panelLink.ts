/** What the panel is sent about the current session, and what it may ask for. */
import * as vscode from 'vscode';
import type { Frame } from '../../protocol/frame';
import type { FromPage, PanelStatus } from '../../pageContract/messages';
import type { Message } from '../../messages';
import type { RunControl } from '../runs/runControl';
import type { RunRegistry } from '../runs/runRegistry';
import { titleOf } from '../runs/runTree';
import type { RunSession, SessionProgress } from '../runs/runSession';
import { readingInWords } from '../models/reading';
import { recordingInWords } from '../recordings/recordingInWords';
import type { ProbeTracker } from '../probe/probeTracker';
import { isProbeOf, tokenAtOffset } from '../probe/probeText';
import type { TokenMarks } from '../probe/tokenMarks';
import type { Watching } from '../probe/watching';
import type { Panel } from './panel';
import { frameForPage, rowsForPage } from './wholeBuffers';
import { localizeMessage } from '../localize';

export class PanelLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  /** The newest frame the page has been sent and has not drawn: the engine makes few others until it is answered. */
  private drawing: { readonly session: RunSession; readonly sequence: number } | null = null;
  private refusal: Message | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly watching: Watching,
    private readonly marks: TokenMarks,
    private readonly control: RunControl,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidReceive((message) => this.receive(message)),
      panel.onDidChangeVisibility(() => this.finishDrawing()),
      registry.onDidChangeCurrent(() => this.showCurrent()),
      registry.onCurrent(
        ({ onDidChange }) => onDidChange,
        (_, session) => void panel.post({ type: 'status', status: statusOf(session) }),
      ),
      registry.onCurrent(
        ({ onDidProgress }) => onDidProgress,
        (news) => this.progressed(news),
      ),
      registry.onCurrent(
        ({ onDidReceiveFrame }) => onDidReceiveFrame,
        (frame, session) => this.passOn(session, frame),
      ),
      registry.onCurrent(
        ({ onDidRefuseWatch }) => onDidRefuseWatch,
        (message) => {
          this.refusal = message;
          panel.post({ type: 'probeFailed', message: localizeMessage(message) });
        },
      ),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.caretMoved(textEditor)),
    );
  }

  /** Marks a token of the probe in the page, as far as the page shows the same text. */
  mark(token: number | null): void {
    const frame = this.registry.current?.lastFrame;
    const probe = this.tracker.current;
    if (token !== null && (!frame || !probe || !isProbeOf(probe, frame.header) || token >= frame.header.tokens.length))
      return;
    this.panel.post({ type: 'mark', step: token });
  }

  dispose(): void {
    this.listeners.dispose();
  }

  private receive(message: FromPage): void {
    const session = this.registry.current;
    switch (message.type) {
      case 'ready':
        this.finishDrawing();
        this.showCurrent();
        break;
      case 'frameDrawn':
        this.drawn(message.sequence);
        break;
      case 'control':
        if (session) void this.control.run(message.action, session);
        break;
      case 'mark':
        this.marks.mark(this.shownToken(message.step));
        break;
      case 'reveal': {
        const token = this.shownToken(message.step);
        if (token !== null) void this.marks.reveal(token);
        break;
      }
      case 'target':
        if (session) session.target = message.target;
        this.watching.update();
        break;
      case 'total':
        if (session) session.withTotal = message.shown;
        this.watching.update();
        break;
      case 'inputs':
        if (session) session.withInputs = message.shown;
        this.watching.update();
        break;
      case 'unitMap':
        if (session) session.unitMap = message.choice;
        this.watching.update();
        break;
      case 'head':
        if (session) session.head = message.choice;
        this.watching.update();
        break;
      case 'chooseTensors':
        void vscode.commands.executeCommand('backflow.chooseTensors');
        break;
      case 'drop':
        void vscode.commands.executeCommand('backflow.openModel', fileOfAddress(message.uri));
        break;
      case 'openPlayground':
        void vscode.commands.executeCommand('backflow.playground');
        break;
      case 'error':
        // A frame that could not be drawn must not keep the next ones from coming.
        this.finishDrawing();
        break;
    }
  }

  /** The token of the probe that the page means by a step; none while the page shows a text that is no longer there. */
  private shownToken(step: number | null): number | null {
    const frame = this.registry.current?.lastFrame;
    const probe = this.tracker.current;
    return frame && probe && isProbeOf(probe, frame.header) ? step : null;
  }

  private showCurrent(): void {
    const session = this.registry.current;
    this.refusal = session ? this.refusal : null;
    this.panel.setTitle(
      session ? `Backflow: ${titleOf(session.description.corpus.name, session.description.name)}` : 'Backflow',
    );
    if (!session) {
      const status: PanelStatus = { state: 'stopped', step: 0, message: null };
      this.panel.post({ type: 'run', run: null, status, history: { rows: new Float64Array(0), validation: [] } });
      return;
    }
    this.panel.post({
      type: 'run',
      run: session.description,
      status: statusOf(session),
      history: session.metrics.snapshot(),
    });
    if (session.lastFrame) this.panel.post({ type: 'frame', frame: frameForPage(session.lastFrame) });
    else if (this.refusal) this.panel.post({ type: 'probeFailed', message: localizeMessage(this.refusal) });
  }

  private progressed({ progress, wasRewound }: SessionProgress): void {
    const session = this.registry.current;
    if (wasRewound) this.showCurrent();
    else this.panel.post({ type: 'progress', rows: rowsForPage(progress) });
    // The engine sends its status when that changes; its step continues meanwhile.
    if (session && !wasRewound) this.panel.post({ type: 'status', status: statusOf(session) });
  }

  private passOn(session: RunSession, frame: Frame): void {
    this.refusal = null;
    if (frame.header.graph) this.panel.post({ type: 'status', status: statusOf(session) });
    if (this.drawing?.session !== session) this.finishDrawing();
    const { sequence } = frame.header;
    if (this.panel.post({ type: 'frame', frame: frameForPage(frame) })) this.drawing = { session, sequence };
    else session.frameDrawn(sequence);
  }

  /** The page has drawn a frame, and will not draw those before it. */
  private drawn(sequence: number): void {
    if (!this.drawing || sequence > this.drawing.sequence) return;
    if (sequence === this.drawing.sequence) this.finishDrawing();
    else this.drawing.session.frameDrawn(sequence);
  }

  /** Answers for a page that has drawn everything it was sent, or that will not any more. */
  private finishDrawing(): void {
    if (!this.drawing) return;
    const { session, sequence } = this.drawing;
    this.drawing = null;
    session.frameDrawn(sequence);
  }

  private caretMoved({ document, selection }: vscode.TextEditor): void {
    const probe = this.tracker.current;
    if (probe?.document.toString() !== document.uri.toString()) return;
    this.mark(tokenAtOffset(probe, document.offsetAt(selection.active)) ?? null);
  }
}

/** An address of the remote machine that the extension runs on is a file here. */
function fileOfAddress(address: string): vscode.Uri {
  const uri = vscode.Uri.parse(address);
  return uri.scheme === 'vscode-remote' ? vscode.Uri.file(uri.path) : uri;
}

function statusOf({ status, reading, lastFrame, description }: RunSession): PanelStatus {
  // In graph mode a text may not be read to its end.
  const ofText = lastFrame?.header.graph?.notices.map(localizeMessage) ?? [];
  const message = status.message
    ? localizeMessage(status.message)
    : [description.recording && recordingInWords(description.recording), reading && readingInWords(reading), ...ofText]
        .filter((sentence) => sentence !== null && sentence !== undefined)
        .join(' ') || null;
  return { state: status.state, step: status.step, message };
}
