/** Saying what happened: sentences for a person, everything else for the log. */
import * as vscode from 'vscode';
import { RpcError } from '../protocol/rpc';
import { UserError } from '../userError';
import { localize, localizeMessage } from './localize';

/** An error that is a sentence for a person, in the reader's language; any other as it is. */
export function spoken(error: unknown): unknown {
  if (error instanceof UserError) return new Error(localizeMessage(error), { cause: error });
  return error instanceof RpcError ? new Error(localizeMessage(error.sentence), { cause: error }) : error;
}

export class Notices {
  constructor(private readonly log: vscode.LogOutputChannel) {}

  /** Shows an error: its own sentence if it has one, else a short one and the way to the log. A canceled call is no error. */
  report(error: unknown): void {
    if (error instanceof RpcError && error.code === 'canceled') return;
    if (error instanceof UserError) {
      void vscode.window.showErrorMessage(localizeMessage(error));
      return;
    }
    if (error instanceof RpcError && error.code !== 'internal') {
      void vscode.window.showErrorMessage(localizeMessage(error.sentence));
      return;
    }
    this.log.error(error instanceof Error ? error : String(error));
    void this.errorWithLog(localize('error.unexpected'));
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
    const showLog = localize('button.showLog');
    const chosen = await vscode.window.showErrorMessage(sentence, ...actions, showLog);
    if (chosen === showLog) this.log.show();
    return actions.find((action) => action === chosen);
  }
}
