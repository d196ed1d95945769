/** Answers other extensions: a flow from an engine of its own, which is kept for a while for the next question about the same model. */
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import { defaultThresholds } from '../../protocol/settings';
import { backendSettings } from '../chosenSettings';
import { spoken } from '../notices';
import type { EngineProcess } from '../process/engineProcess';
import type { RunRegistry } from '../runs/runRegistry';
import type { EngineLauncher } from '../runs/runSession';
import { settingsFor } from '../settings';
import type { BackflowApi, Flow, FlowOptions } from './backflow';
import { flowOf } from './flowOf';

/** Milliseconds an engine is kept when nobody asks. */
const idleTimeout = 30_000;

interface Held {
  readonly path: string;
  readonly engine: EngineProcess;
  readonly opened: Promise<unknown>;
}

export class Flows implements vscode.Disposable {
  /** What `activate` gives. */
  readonly api: BackflowApi;
  private held: Held | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly launch: EngineLauncher,
    registry: RunRegistry,
  ) {
    this.api = Object.freeze({
      version: 1,
      flow: (text: string, options: FlowOptions) => this.flow(text, options),
      get currentModel() {
        const path = registry.current?.description.folder;
        return path === undefined ? undefined : vscode.Uri.file(path);
      },
    });
  }

  private async flow(text: string, { model, target, thresholds, cancellation }: FlowOptions): Promise<Flow> {
    const controller = new AbortController();
    const listener = cancellation?.onCancellationRequested(() => controller.abort());
    if (cancellation?.isCancellationRequested) controller.abort();
    clearTimeout(this.timer);
    let held: Held | null = null;
    try {
      held = this.engineFor(model.fsPath, text);
      await held.opened;
      const request = {
        text,
        target: target ?? ('last' as const),
        thresholds: thresholds ?? defaultThresholds,
        matrix: false,
      };
      return flowOf(await held.engine.calls.call('inspect', request, controller.signal), request.thresholds);
    } catch (error) {
      // What could not be opened is opened anew the next time; it may have been mended.
      if (!(error instanceof RpcError && ['user', 'canceled'].includes(error.code) && held?.engine.isAlive))
        this.release();
      throw spoken(error);
    } finally {
      listener?.dispose();
      this.timer = setTimeout(() => this.release(), idleTimeout);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.release();
  }

  private engineFor(path: string, text: string): Held {
    if (this.held?.path === path && this.held.engine.isAlive) return this.held;
    this.release();
    const { backend, threads } = backendSettings(settingsFor(undefined));
    const engine = this.launch();
    const opened = engine.calls.call('open', {
      path,
      vocabulary: null,
      text,
      architecture: { activation: null },
      allowsGraph: false,
      backend,
      threads,
    });
    this.held = { path, engine, opened };
    opened.catch(() => {
      if (this.held?.engine === engine) this.release();
    });
    return this.held;
  }

  private release(): void {
    void this.held?.engine.close();
    this.held = null;
  }
}
