/** The recordings in the workspace, as they were when each was last looked at. */
import * as vscode from 'vscode';
import { throttled } from '../timing';
import { entriesOf, type RunsFolder } from '../runs/runsFolder';
import { parseRecordingFile, recordedStepOf, type RecordingFile } from './recordingFile';

export interface PastRecording extends RecordingFile {
  readonly name: string;
  readonly folder: vscode.Uri;
  /** The newest step that has a file, and how many have; null before the first. */
  readonly newest: number | null;
  readonly steps: number;
}

/** Milliseconds between two looks at the folders while the list is shown, and between two searches of the whole workspace. */
const lookPace = 2000;
const searchPace = 30_000;
/** Between two readings of what the editor reports. */
const pace = 300;
const record = 'run.json';
const anywhere = `**/${record}`;
/** Of a trial of a sweep: there can be thousands, which are opened from the sweep's picture and not looked at one by one. */
const ofTrial = /\/trials\/[^/]+\/run\/run\.json$/;
/** Where nobody's recordings are, and searching takes long; and the trials of sweeps. */
const elsewhere = '{**/{node_modules,.git,.venv,venv,__pycache__}/**,**/trials/*/run/**}';
const maxFound = 2000;
/** Where the recorder writes unless it is told otherwise. */
const usualParent = 'runs';

/**
 * They lie where the script wanted, so the workspace is searched for them, seldom; what lies beside one that is known, and in the usual folder, is looked at every
 * two seconds while the list is shown, since the editor does not report every change (see PastRuns).
 */
export class PastRecordings implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly lookSoon = throttled(() => void this.lookOnce(), pace);
  private readonly watcher = vscode.workspace.createFileSystemWatcher(anywhere);
  private readonly listeners: vscode.Disposable;
  /** Folders that can hold recordings, by their addresses. */
  private readonly parents = new Map<string, vscode.Uri>();
  private known: readonly PastRecording[] = [];
  private timer: NodeJS.Timeout | undefined;
  private searched = -Infinity;
  private looking: Promise<void> | null = null;

  /** Recordings have come, gone, or grown. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly folders: RunsFolder) {
    const found = (file: vscode.Uri) => {
      this.addParent(file);
      this.lookSoon();
    };
    this.listeners = vscode.Disposable.from(
      this.watcher,
      this.watcher.onDidCreate(found),
      this.watcher.onDidChange(found),
      this.watcher.onDidDelete(found),
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.parents.clear();
        this.searched = -Infinity;
        this.lookSoon();
      }),
    );
  }

  /** Newest first. */
  get all(): readonly PastRecording[] {
    return this.known;
  }

  find(folder: vscode.Uri): PastRecording | undefined {
    return this.known.find((recording) => recording.folder.toString() === folder.toString());
  }

  /** Looks now. */
  async read(): Promise<readonly PastRecording[]> {
    await this.lookOnce();
    return this.known;
  }

  /** Looks at the folders now and then from now on, or no longer. */
  setShown(isShown: boolean): void {
    clearInterval(this.timer);
    this.timer = isShown ? setInterval(() => void this.lookOnce(), lookPace) : undefined;
    if (isShown) void this.lookOnce();
  }

  dispose(): void {
    this.setShown(false);
    this.listeners.dispose();
    this.lookSoon.dispose();
    this.changed.dispose();
  }

  /** Not while a look is under way, which on a slow drive can take longer than the pace: its end is waited for. */
  private lookOnce(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = null));
    return this.looking;
  }

  private async look(): Promise<void> {
    await this.search();
    const usual = (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => [
      uri,
      vscode.Uri.joinPath(uri, usualParent),
    ]);
    const parents = new Map(
      [...usual, ...this.folders.all(), ...this.parents.values()].map((uri) => [uri.toString(), uri]),
    );
    const inFolders = await Promise.all([...parents.values()].map(foldersIn));
    const unique = new Map([...inFolders.flat(), ...usual].map((uri) => [uri.toString(), uri]));
    const read = await Promise.all([...unique.values()].map((folder) => this.readOne(folder)));
    const time = ({ created }: PastRecording) => created?.getTime() ?? 0;
    const next = read
      .filter((recording) => recording !== undefined)
      .sort((a, b) => time(b) - time(a) || (a.folder.path < b.folder.path ? -1 : 1));
    const isSame = JSON.stringify(next) === JSON.stringify(this.known);
    this.known = next;
    if (!isSame) this.changed.fire();
  }

  private async search(): Promise<void> {
    if (performance.now() - this.searched < searchPace) return;
    this.searched = performance.now();
    for (const file of await vscode.workspace.findFiles(anywhere, elsewhere, maxFound)) this.addParent(file);
  }

  private addParent(file: vscode.Uri): void {
    if (ofTrial.test(file.path)) return;
    const parent = vscode.Uri.joinPath(file, '../..');
    this.parents.set(parent.toString(), parent);
  }

  /** run.json is written once: what is known of it is not read again. */
  private async readOne(folder: vscode.Uri): Promise<PastRecording | undefined> {
    const known = this.find(folder);
    try {
      const file = vscode.Uri.joinPath(folder, record);
      const { mtime } = await vscode.workspace.fs.stat(file);
      const of = known?.mtime === mtime ? known : await readRecord(file, mtime);
      if (!of) return undefined;
      const entries = await entriesOf(vscode.Uri.joinPath(folder, 'steps'));
      const steps = entries.map(([name]) => recordedStepOf(name)).filter((step) => step !== undefined);
      const name = folder.path.slice(folder.path.lastIndexOf('/') + 1);
      return { ...of, name, folder, newest: steps.length > 0 ? Math.max(...steps) : null, steps: steps.length };
    } catch {
      return undefined;
    }
  }
}

async function foldersIn(parent: vscode.Uri): Promise<vscode.Uri[]> {
  const entries = await entriesOf(parent);
  return entries.flatMap(([name, type]) =>
    (type & vscode.FileType.Directory) === 0 ? [] : [vscode.Uri.joinPath(parent, name)],
  );
}

async function readRecord(file: vscode.Uri, mtime: number): Promise<RecordingFile | undefined> {
  return parseRecordingFile(new TextDecoder().decode(await vscode.workspace.fs.readFile(file)), mtime);
}
