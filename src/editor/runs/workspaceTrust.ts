/** Where Backflow may write by itself: not into a folder that a person does not trust. */
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';

/** @throws RpcError with a sentence for a person, where the run lies in the workspace and that is not trusted */
export function checkTrusted(run: vscode.Uri, name: string): void {
  if (vscode.workspace.isTrusted || !vscode.workspace.getWorkspaceFolder(run)) return;
  throw new RpcError('user', { key: 'error.run.untrustedFolder', args: [name] });
}
