/** Open Sweep…: a sweep's folder, or its sweep.json. */
import { homedir } from 'node:os';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../userError';
import { localize } from '../localize';
import { diskFolder } from '../models/onDisk';
import { sweepEditorType } from './sweepEditor';
import { sweepFileName } from './sweepFile';

/** Asks for a folder unless one, or its file, is given. @throws UserError where that is no sweep's */
export async function openSweep(given: vscode.Uri | undefined): Promise<void> {
  const chosen = given ?? (await askForFolder());
  if (!chosen) return;
  const file = posix.basename(chosen.path) === sweepFileName ? chosen : vscode.Uri.joinPath(chosen, sweepFileName);
  try {
    await vscode.workspace.fs.stat(file);
  } catch {
    throw new UserError('error.sweep.none', vscode.workspace.asRelativePath(vscode.Uri.joinPath(file, '..')));
  }
  await vscode.commands.executeCommand('vscode.openWith', file, sweepEditorType);
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const folders = await vscode.window.showOpenDialog({
    title: localize('sweep.open.title'),
    openLabel: localize('button.open'),
    canSelectFiles: false,
    canSelectFolders: true,
    ...diskFolder(homedir()),
  });
  return folders?.at(0);
}
