/** Where runs are kept. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { settingsFor } from '../settings';
import { runName, unusedName } from './runName';

const defaultFolder = '.backflow/runs';

export class RunsFolder {
  constructor(private readonly context: Pick<vscode.ExtensionContext, 'storageUri' | 'globalStorageUri'>) {}

  /** The folder for runs on a document: in its workspace folder, or of the extension's own storage where there is none on disk or it is not trusted. */
  of(document: vscode.Uri): vscode.Uri {
    const folder =
      document.scheme === 'untitled'
        ? vscode.workspace.workspaceFolders?.find(isOnDisk)
        : vscode.workspace.getWorkspaceFolder(document);
    return folder && isOnDisk(folder) && vscode.workspace.isTrusted ? ofWorkspaceFolder(folder) : this.ownFolder;
  }

  /** Every folder that can hold runs of this window. */
  all(): vscode.Uri[] {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(isOnDisk).map(ofWorkspaceFolder);
    const unique = new Map([...folders, this.ownFolder].map((uri) => [uri.toString(), uri]));
    return [...unique.values()];
  }

  /** A folder for a new run: its absolute path. Nothing is made. */
  async newRun(document: vscode.Uri, corpusName: string, kinds: string): Promise<string> {
    return newIn(this.of(document), corpusName, kinds);
  }

  /** The same beside another run. */
  async newRunBeside(run: vscode.Uri, corpusName: string, kinds: string): Promise<string> {
    return newIn(vscode.Uri.joinPath(run, '..'), corpusName, kinds);
  }

  private get ownFolder(): vscode.Uri {
    return vscode.Uri.joinPath(this.context.storageUri ?? this.context.globalStorageUri, 'runs');
  }
}

async function newIn(parent: vscode.Uri, corpusName: string, kinds: string): Promise<string> {
  const taken = new Set((await entriesOf(parent)).map(([name]) => name));
  const name = unusedName(runName(corpusName, kinds, new Date()), (other) => taken.has(other));
  return vscode.Uri.joinPath(parent, name).fsPath;
}

/** What is in a folder; nothing if there is no such folder. */
export async function entriesOf(folder: vscode.Uri): Promise<[string, vscode.FileType][]> {
  try {
    return await vscode.workspace.fs.readDirectory(folder);
  } catch {
    return [];
  }
}

function isOnDisk({ uri }: vscode.WorkspaceFolder): boolean {
  return uri.scheme === 'file';
}

function ofWorkspaceFolder({ uri }: vscode.WorkspaceFolder): vscode.Uri {
  const value = settingsFor(uri)('runsFolder');
  const path = typeof value === 'string' && value.trim() !== '' ? value.trim() : defaultFolder;
  if (path.startsWith('~/')) return vscode.Uri.file(join(homedir(), path.slice(2)));
  return isAbsolute(path) ? vscode.Uri.file(path) : vscode.Uri.joinPath(uri, path);
}
