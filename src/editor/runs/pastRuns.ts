/** The runs on disk. */
import * as vscode from 'vscode';
import { debounced } from '../timing';
import { checkpointStep, parseRunRecord, type RunRecord } from './runRecord';
import { entriesOf, type RunsFolder } from './runsFolder';

export interface PastRun {
  readonly name: string;
  readonly folder: vscode.Uri;
  readonly record: RunRecord;
  /** Steps that have a checkpoint, newest first. */
  readonly checkpoints: readonly number[];
}

/** Milliseconds of rest before the folders are read again. */
const rest = 300;

export class PastRuns implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly notice = debounced(() => this.changed.fire(), rest);
  private watchers: vscode.Disposable[] = [];
  private readonly listeners: vscode.Disposable;

  /** Something in the folders has changed. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly folders: RunsFolder) {
    this.watch();
    this.listeners = vscode.Disposable.from(
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.watch()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.runsFolder')) this.watch();
      }),
    );
  }

  /** All runs, newest first. */
  async read(): Promise<PastRun[]> {
    const inFolders = await Promise.all(
      this.folders.all().map(async (parent) => {
        const entries = await entriesOf(parent);
        const folders = entries.filter(([, type]) => (type & vscode.FileType.Directory) !== 0);
        return Promise.all(folders.map(([name]) => readRun(vscode.Uri.joinPath(parent, name))));
      }),
    );
    const runs = inFolders.flat().filter((run) => run !== undefined);
    const time = ({ record }: PastRun) => record.created?.getTime() ?? 0;
    return runs.sort((a, b) => time(b) - time(a));
  }

  /** Says that something has changed, where the file system does not. */
  refresh(): void {
    this.changed.fire();
  }

  dispose(): void {
    this.listeners.dispose();
    for (const watcher of this.watchers) watcher.dispose();
    this.notice.dispose();
    this.changed.dispose();
  }

  private watch(): void {
    for (const watcher of this.watchers) watcher.dispose();
    this.watchers = this.folders.all().flatMap((folder) => {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '**/{run.json,*.onnx}'));
      return [watcher, watcher.onDidCreate(this.notice), watcher.onDidDelete(this.notice)];
    });
    this.notice();
  }
}

/** The run in a folder; undefined if there is none in it. */
export async function readRun(folder: vscode.Uri): Promise<PastRun | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, 'run.json'));
    const record = parseRunRecord(new TextDecoder().decode(bytes));
    if (!record) return undefined;
    const files = await entriesOf(vscode.Uri.joinPath(folder, 'checkpoints'));
    const steps = files.map(([name]) => checkpointStep(name)).filter((step) => step !== undefined);
    return { name: folder.path.slice(folder.path.lastIndexOf('/') + 1), folder, record, checkpoints: steps.sort((a, b) => b - a) };
  } catch {
    return undefined;
  }
}
