/** What can be done with a run of the tree besides training it. */
import * as vscode from 'vscode';
import type { PastRun, PastRuns } from './pastRuns';

/** Asks, then moves a run's folder to the trash; where there is none, asks again and deletes it. */
export async function deleteRun(run: PastRun, pastRuns: PastRuns): Promise<void> {
  const question = vscode.l10n.t('Delete the run “{0}” with its checkpoints and metrics?', run.name);
  const toTrash = vscode.l10n.t('Move to Trash');
  if ((await vscode.window.showWarningMessage(question, { modal: true }, toTrash)) !== toTrash) return;
  try {
    await vscode.workspace.fs.delete(run.folder, { recursive: true, useTrash: true });
  } catch {
    const sentence = vscode.l10n.t('“{0}” could not be moved to the trash. Delete it for good?', run.name);
    const forGood = vscode.l10n.t('Delete for Good');
    if ((await vscode.window.showWarningMessage(sentence, { modal: true }, forGood)) !== forGood) return;
    await vscode.workspace.fs.delete(run.folder, { recursive: true });
  }
  pastRuns.refresh();
}

/** Shows a run's folder: in the explorer when it lies in the workspace, else in the operating system's own. */
export async function revealRun(folder: vscode.Uri): Promise<void> {
  const isInWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  await vscode.commands.executeCommand(isInWorkspace ? 'revealInExplorer' : 'revealFileInOS', folder);
}

/** Ends a live run after asking, if it is in training. */
export async function confirmClose(name: string, isTraining: boolean): Promise<boolean> {
  if (!isTraining) return true;
  const question = vscode.l10n.t('“{0}” is in training. Save a checkpoint and end it?', name);
  const end = vscode.l10n.t('Save and End');
  return (await vscode.window.showWarningMessage(question, { modal: true }, end)) === end;
}
