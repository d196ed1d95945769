/** What the panel asks of the current session beside its frames: the flow over training, an earlier step's flow, and every target. */
import * as vscode from 'vscode';
import type { FromPage } from '../../pageContract/messages';
import { RpcError } from '../../protocol/rpc';
import type { Notices } from '../notices';
import type { ProbeTracker } from '../probe/probeTracker';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { Computation } from './computation';
import type { Panel } from './panel';
import { frameForPage, wholeFloats } from './wholeBuffers';

export class InspectionLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private readonly computation: Computation;

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly notices: Notices,
  ) {
    this.computation = new Computation(panel, registry, notices);
    this.listeners = vscode.Disposable.from(
      this.computation,
      panel.onDidReceive((message) => void this.receive(message)),
    );
  }

  dispose(): void {
    this.listeners.dispose();
  }

  private async receive(message: FromPage): Promise<void> {
    const session = this.registry.current;
    if (!session) return;
    // One whose engine has ended is asked nevertheless: the page waits for an answer.
    if (message.type === 'matrix') {
      if (message.action === 'compute') this.computeMatrix(session, message.series);
      else this.computation.cancel();
      return;
    }
    if (!session.isAlive) return;
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
      default:
        break;
    }
  }

  private computeMatrix(session: RunSession, series: string | null): void {
    const isOfRecording = session.description.recording !== undefined && session.document === undefined;
    const text = isOfRecording ? '' : this.tracker.current?.text;
    if (text === undefined) {
      this.panel.post({ type: 'matrix', matrix: null, message: null });
      return;
    }
    void this.computation.run(session, {
      ask: (signal) => session.ask('targetMatrix', { text, series }, signal),
      onDidAdvance: session.onDidAdvanceMatrix,
      advanced: (done) => this.panel.post({ type: 'matrixProgress', done }),
      answered: (matrix, message) =>
        this.panel.post({
          type: 'matrix',
          matrix: matrix && { ...matrix, values: wholeFloats(matrix.values) },
          message,
        }),
    });
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
