/** Open Sweep…: a sweep's folder, or its sweep.json. */
import { homedir } from 'node:os';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../userError';
import { localize } from '../localize';
import { diskFolder } from '../models/onDisk';
import { sweepEditorType } from './sweepEditor';
import { sweepFileName } from './sweepFile';

/** Where nobody's sweeps are, and searching takes long. */
const elsewhere = '**/{node_modules,.git,.venv,venv,__pycache__}/**';
/** Of those in the workspace that are offered. */
const maxFound = 100;

/** Asks for one unless its folder, or its file, is given. @throws UserError where that is no sweep's */
export async function openSweep(given: vscode.Uri | undefined): Promise<void> {
  const chosen = given ?? (await pick());
  if (!chosen) return;
  const file = posix.basename(chosen.path) === sweepFileName ? chosen : vscode.Uri.joinPath(chosen, sweepFileName);
  try {
    await vscode.workspace.fs.stat(file);
  } catch {
    throw new UserError('error.sweep.none', vscode.workspace.asRelativePath(vscode.Uri.joinPath(file, '..')));
  }
  await vscode.commands.executeCommand('vscode.openWith', file, sweepEditorType);
}

/** One of the workspace, or any other. */
async function pick(): Promise<vscode.Uri | undefined> {
  type Item = vscode.QuickPickItem & { file?: vscode.Uri };
  const found = await vscode.workspace.findFiles(`**/${sweepFileName}`, elsewhere, maxFound);
  if (found.length === 0) return askForFolder();
  const items = found
    .map((file): Item => {
      const folder = vscode.Uri.joinPath(file, '..');
      return { label: posix.basename(folder.path), description: vscode.workspace.asRelativePath(folder), file };
    })
    .sort((a, b) => (a.label < b.label ? -1 : 1));
  const browse: Item = {
    label: localize('sweep.open.folder'),
    iconPath: new vscode.ThemeIcon('folder-opened'),
    alwaysShow: true,
  };
  const separator: Item = { label: '', kind: vscode.QuickPickItemKind.Separator };
  const picked = await vscode.window.showQuickPick([...items, separator, browse], {
    placeHolder: localize('sweep.open.placeholder'),
    matchOnDescription: true,
  });
  return picked === browse ? askForFolder() : picked?.file;
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
