/** The runs on disk, as they were when each was last looked at. */
import * as vscode from 'vscode';
import { throttled } from '../timing';
import { checkpointStep, parseRunRecord, type RunRecord } from './runRecord';
import { entriesOf, type RunsFolder } from './runsFolder';

export interface PastRun {
  readonly name: string;
  readonly folder: vscode.Uri;
  readonly record: RunRecord;
  /** Steps that have a checkpoint, newest first. */
  readonly checkpoints: readonly number[];
}

/** Milliseconds between two readings of what has changed. Runs that go on change all the while, so it is not waited until they rest. */
const pace = 300;

/** In a folder of runs: a run's own folder, which is all that is reported of a deleted one, and the files by which it is known. */
const telling = '{*,*/run.json,*/checkpoints/*.onnx}';

export class PastRuns implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly readTouched = throttled(() => void this.inTurn(() => this.takeTouched()), pace);
  /** Folders of runs that have changed since they were read, by their addresses. */
  private readonly touched = new Map<string, vscode.Uri>();
  private readonly first: Promise<void>;
  private known: readonly PastRun[] = [];
  /** Of two readings the later one ends last, so that what is known is never older than what was known. */
  private turn: Promise<void> = Promise.resolve();
  private watchers: vscode.Disposable[] = [];
  private readonly listeners: vscode.Disposable;

  /** Runs have been read again. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly folders: RunsFolder) {
    this.first = this.watch();
    this.listeners = vscode.Disposable.from(
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.watch()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.runsFolder')) void this.watch();
      }),
    );
  }

  /** All that are known, newest first; what changes is followed. */
  get all(): readonly PastRun[] {
    return this.known;
  }

  /** Resolves once all of them have been read. */
  get ready(): Promise<void> {
    return this.first;
  }

  find(folder: vscode.Uri): PastRun | undefined {
    return this.known.find((run) => isSame(run.folder, folder));
  }

  /** Reads all of them again. Newest first. */
  async read(): Promise<readonly PastRun[]> {
    await this.inTurn(() => this.takeAll());
    return this.known;
  }

  /** Reads one again, where the file system may not report its change. */
  async readAgain(folder: vscode.Uri): Promise<void> {
    this.touched.set(folder.toString(), folder);
    await this.inTurn(() => this.takeTouched());
  }

  dispose(): void {
    this.listeners.dispose();
    for (const watcher of this.watchers) watcher.dispose();
    this.readTouched.dispose();
    this.changed.dispose();
  }

  /** Follows the folders that can hold runs, and reads them. */
  private watch(): Promise<void> {
    for (const watcher of this.watchers) watcher.dispose();
    this.watchers = this.folders.all().flatMap((parent) => {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(parent, telling));
      const touch = (file: vscode.Uri) => this.touch(parent, file);
      return [
        watcher,
        watcher.onDidCreate(touch),
        watcher.onDidChange(touch),
        watcher.onDidDelete(touch),
        ...this.watchDeletion(parent),
      ];
    });
    return this.inTurn(() => this.takeAll());
  }

  /** Of a folder that is deleted with all that is in it, nothing is reported but the folder itself: that of the runs, or one it lies in. */
  private watchDeletion(parent: vscode.Uri): vscode.Disposable[] {
    return foldersDownTo(parent).flatMap((folder) => {
      const name = folder.path.slice(folder.path.lastIndexOf('/') + 1);
      const watcher = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(vscode.Uri.joinPath(folder, '..'), name),
        true,
        true,
        false,
      );
      return [watcher, watcher.onDidDelete(() => void this.inTurn(() => this.takeAll()))];
    });
  }

  /** What changes in one run's folder concerns that run alone. */
  private touch(parent: vscode.Uri, file: vscode.Uri): void {
    const [name] = file.path.slice(parent.path.length + 1).split('/');
    const folder = vscode.Uri.joinPath(parent, name);
    this.touched.set(folder.toString(), folder);
    this.readTouched();
  }

  private async inTurn(job: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(job);
    await this.turn;
  }

  private async takeAll(): Promise<void> {
    this.touched.clear();
    const inFolders = await Promise.all(
      this.folders.all().map(async (parent) => {
        const entries = await entriesOf(parent);
        const folders = entries.filter(([, type]) => (type & vscode.FileType.Directory) !== 0);
        return Promise.all(folders.map(([name]) => readRun(vscode.Uri.joinPath(parent, name))));
      }),
    );
    this.take(inFolders.flat());
  }

  private async takeTouched(): Promise<void> {
    const folders = [...this.touched.values()];
    this.touched.clear();
    const others = this.known.filter((run) => !folders.some((folder) => isSame(run.folder, folder)));
    const read = await Promise.all(folders.map(readRun));
    this.take([...others, ...read]);
  }

  private take(read: readonly (PastRun | undefined)[]): void {
    const time = ({ record }: PastRun) => record.created?.getTime() ?? 0;
    // By the name where the time is the same or unknown, so that no run changes places by being read again.
    this.known = read
      .filter((run) => run !== undefined)
      .sort((a, b) => time(b) - time(a) || (a.folder.path < b.folder.path ? -1 : 1));
    this.changed.fire();
  }
}

/** A folder of runs, and those it lies in up to the workspace folder, that one not included. */
function foldersDownTo(parent: vscode.Uri): readonly vscode.Uri[] {
  const root = vscode.workspace.getWorkspaceFolder(parent)?.uri;
  const folders = [parent];
  if (root && !isSame(root, parent))
    for (
      let above = vscode.Uri.joinPath(parent, '..');
      above.path.length > root.path.length;
      above = vscode.Uri.joinPath(above, '..')
    )
      folders.push(above);
  return folders;
}

function isSame(one: vscode.Uri, other: vscode.Uri): boolean {
  return one.toString() === other.toString();
}

/** The run in a folder; undefined if there is none in it. */
export async function readRun(folder: vscode.Uri): Promise<PastRun | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, 'run.json'));
    const record = parseRunRecord(new TextDecoder().decode(bytes));
    if (!record) return undefined;
    const files = await entriesOf(vscode.Uri.joinPath(folder, 'checkpoints'));
    const steps = files.map(([name]) => checkpointStep(name)).filter((step) => step !== undefined);
    return {
      name: folder.path.slice(folder.path.lastIndexOf('/') + 1),
      folder,
      record,
      checkpoints: steps.sort((a, b) => b - a),
    };
  } catch {
    return undefined;
  }
}
