/** What can be done with a run of the tree besides training it. */
import * as vscode from 'vscode';
import { checkTrusted } from './workspaceTrust';
import type { PastRun, PastRuns } from './pastRuns';
import { localize } from '../localize';

/** Asks, then moves a run's folder to the trash; where there is none, asks again and deletes it. @throws RpcError where nothing may be written */
export async function deleteRun(run: PastRun, pastRuns: PastRuns): Promise<void> {
  checkTrusted(run.folder, run.name);
  if (await isAtWork(run.folder)) {
    void vscode.window.showWarningMessage(localize('runs.openElsewhere', run.name));
    return;
  }
  const question = localize('runs.delete.ask', run.name);
  const toTrash = localize('button.moveToTrash');
  if ((await vscode.window.showWarningMessage(question, { modal: true }, toTrash)) !== toTrash) return;
  await discard(run.folder, run.name);
  await pastRuns.readAgain(run.folder);
}

/** Milliseconds after which a run's lock that nobody has touched is a leftover. */
const lockTimeout = 60_000;

/** Whether an engine of another window or of a terminal holds the run: it touches the lock again and again. */
async function isAtWork(folder: vscode.Uri): Promise<boolean> {
  try {
    const { mtime } = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, 'lock'));
    return Date.now() - mtime < lockTimeout;
  } catch {
    return false;
  }
}

/** Moves to the trash; where there is none, asks before it deletes for good. */
async function discard(uri: vscode.Uri, name: string): Promise<void> {
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch {
    const sentence = localize('runs.delete.trashFailed', name);
    const forGood = localize('button.deletePermanently');
    if ((await vscode.window.showWarningMessage(sentence, { modal: true }, forGood)) !== forGood) return;
    await vscode.workspace.fs.delete(uri, { recursive: true });
  }
}

/** Asks, then moves a checkpoint, its model and what lies beside it, to the trash. @throws RpcError where nothing may be written */
export async function deleteCheckpoint(model: vscode.Uri, step: number, pastRuns: PastRuns): Promise<void> {
  const run = vscode.Uri.joinPath(model, '../..');
  checkTrusted(run, run.path.slice(run.path.lastIndexOf('/') + 1));
  const question = localize('runs.deleteCheckpoint.ask', step);
  const toTrash = localize('button.moveToTrash');
  if ((await vscode.window.showWarningMessage(question, { modal: true }, toTrash)) !== toTrash) return;
  await discard(model, `step-${step}.onnx`);
  await vscode.workspace.fs
    .delete(model.with({ path: model.path.replace(/\.onnx$/, '.safetensors') }), { useTrash: true })
    .then(undefined, () => undefined);
  await pastRuns.readAgain(run);
}

/** Shows a run's folder: in the explorer when it lies in the workspace, else in the operating system's own. */
export async function revealRun(folder: vscode.Uri): Promise<void> {
  const isInWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  await vscode.commands.executeCommand(isInWorkspace ? 'revealInExplorer' : 'revealFileInOS', folder);
}

/** Ends a live run after asking, if it is in training. */
export async function confirmClose(name: string, isTraining: boolean): Promise<boolean> {
  if (!isTraining) return true;
  const question = localize('runs.end.ask', name);
  const end = localize('runs.end.accept');
  return (await vscode.window.showWarningMessage(question, { modal: true }, end)) === end;
}
