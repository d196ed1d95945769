/** Saying what happened: sentences for a person, everything else for the log. */
import * as vscode from 'vscode';
import type { Message } from '../protocol/run';
import { RpcError } from '../protocol/rpc';
import { UserError } from '../userError';

/** The sentence in the reader's language. */
export function translated({ template, args }: Message): string {
  return vscode.l10n.t(template, ...args);
}

/** An error that is a sentence for a person, in the reader's language; any other as it is. */
export function spoken(error: unknown): unknown {
  if (error instanceof UserError) return new Error(translated(error), { cause: error });
  return error instanceof RpcError ? new Error(translated(error.sentence), { cause: error }) : error;
}

export class Notices {
  constructor(private readonly log: vscode.LogOutputChannel) {}

  /** Shows an error: its own sentence if it has one, else a short one and the way to the log. A canceled call is no error. */
  report(error: unknown): void {
    if (error instanceof RpcError && error.code === 'canceled') return;
    if (error instanceof UserError) {
      void vscode.window.showErrorMessage(translated(error));
      return;
    }
    if (error instanceof RpcError && error.code !== 'internal') {
      void vscode.window.showErrorMessage(translated(error.sentence));
      return;
    }
    this.log.error(error instanceof Error ? error : String(error));
    void this.errorWithLog(vscode.l10n.t('Something went wrong in Backflow. The log has the details.'));
  }

  /** Runs a command's work, reporting what it throws. */
  async guard<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.report(error);
      return undefined;
    }
  }

  /** An error with actions, and the way to the log. Resolves with the action chosen. */
  async errorWithLog<T extends string>(sentence: string, ...actions: T[]): Promise<T | undefined> {
    const showLog = vscode.l10n.t('Show Log');
    const chosen = await vscode.window.showErrorMessage(sentence, ...actions, showLog);
    if (chosen === showLog) this.log.show();
    return actions.find((action) => action === chosen);
  }
}
