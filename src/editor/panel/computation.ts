/** What the panel has asked for and takes a while: one at a time, with progress, to be canceled; and canceled where nobody waits for it any more. */
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import { localizeMessage } from '../localize';
import type { Notices } from '../notices';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import type { Panel } from './panel';

export interface Computed<T> {
  ask(signal: AbortSignal): Promise<T>;
  /** The part that is done. */
  readonly onDidAdvance: vscode.Event<number>;
  advanced(done: number): void;
  /** Null where there is none, and then why; without a reason where it was canceled, or the reason is told elsewhere. */
  answered(value: T | null, message: string | null): void;
}

export class Computation implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private computing: AbortController | null = null;

  constructor(
    panel: Panel,
    private readonly registry: RunRegistry,
    private readonly notices: Notices,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidChangeVisibility(() => this.cancel()),
      registry.onDidChangeCurrent(() => this.cancel()),
    );
  }

  dispose(): void {
    this.cancel();
    this.listeners.dispose();
  }

  cancel(): void {
    this.computing?.abort();
  }

  /** Answers once, unless another session is shown by then, or another has been asked for, which will answer. */
  async run<T>(session: RunSession, computed: Computed<T>): Promise<void> {
    this.cancel();
    const computing = new AbortController();
    this.computing = computing;
    const isAwaited = (): boolean => session === this.registry.current && this.computing === computing;
    const listener = computed.onDidAdvance((done) => computed.advanced(done));
    try {
      const value = await computed.ask(computing.signal);
      if (isAwaited()) computed.answered(value, null);
    } catch (error) {
      const isTold = error instanceof RpcError && (error.code === 'user' || error.code === 'closed');
      if (!isTold) this.notices.report(error);
      if (isAwaited()) computed.answered(null, isTold ? localizeMessage(error.sentence) : null);
    } finally {
      listener.dispose();
      if (this.computing === computing) this.computing = null;
    }
  }
}
