/** What the panel asks of the current session beside its frames: the flow over training, an earlier step's flow, and every target. */
import * as vscode from 'vscode';
import type { FromPage } from '../../pageContract/messages';
import { RpcError } from '../../protocol/rpc';
import type { Notices } from '../notices';
import type { ProbeTracker } from '../probe/probeTracker';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import type { Panel } from './panel';
import { frameForPage, wholeFloats } from './wholeBuffers';
import { localizeMessage } from '../localize';

export class InspectionLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private computing: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly notices: Notices,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidReceive((message) => void this.receive(message)),
      // Nobody waits for it any more.
      panel.onDidChangeVisibility(() => this.computing?.abort()),
      registry.onDidChangeCurrent(() => this.computing?.abort()),
    );
  }

  dispose(): void {
    this.computing?.abort();
    this.listeners.dispose();
  }

  private async receive(message: FromPage): Promise<void> {
    const session = this.registry.current;
    if (!session?.isAlive) return;
    switch (message.type) {
      case 'overTraining': {
        const history = await this.answer(session, () => session.ask('overTraining', message.lane));
        if (history)
          this.panel.post({
            type: 'overTraining',
            history: {
              ...history,
              steps: wholeFloats(history.steps),
              horizons: wholeFloats(history.horizons),
              values: wholeFloats(history.values),
            },
          });
        break;
      }
      case 'travel': {
        const frame = await this.answer(session, () => session.ask('frameAt', { trainingStep: message.trainingStep }));
        // The page waits for the answer before it asks again.
        if (session === this.registry.current)
          this.panel.post({ type: 'traveled', frame: frame ? frameForPage(frame) : null });
        break;
      }
      case 'matrix':
        this.computing?.abort();
        if (message.action === 'compute') await this.computeMatrix(session, message.series);
        break;
      default:
        break;
    }
  }

  private async computeMatrix(session: RunSession, series: string | null): Promise<void> {
    const isOfRecording = session.description.recording !== undefined && session.document === undefined;
    const text = isOfRecording ? '' : this.tracker.current?.text;
    if (text === undefined) {
      this.panel.post({ type: 'matrix', matrix: null, message: null });
      return;
    }
    const computing = new AbortController();
    this.computing = computing;
    const listener = session.onDidAdvanceMatrix((done) => this.panel.post({ type: 'matrixProgress', done }));
    try {
      const matrix = await session.ask('targetMatrix', { text, series }, computing.signal);
      if (session === this.registry.current)
        this.panel.post({ type: 'matrix', matrix: { ...matrix, values: wholeFloats(matrix.values) }, message: null });
    } catch (error) {
      const said = error instanceof RpcError && error.code === 'user' ? localizeMessage(error.sentence) : null;
      if (said === null) this.notices.report(error);
      if (session === this.registry.current) this.panel.post({ type: 'matrix', matrix: null, message: said });
    } finally {
      listener.dispose();
      if (this.computing === computing) this.computing = null;
    }
  }

  /** Undefined where the engine gives none, or another session is shown by then. */
  private async answer<T>(session: RunSession, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await ask();
      return session === this.registry.current ? value : undefined;
    } catch (error) {
      // An engine that has ended, or has no model yet, is reported elsewhere.
      if (!(error instanceof RpcError) || error.code === 'internal') this.notices.report(error);
      return undefined;
    }
  }
}
