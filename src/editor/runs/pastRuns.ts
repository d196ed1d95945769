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

/** Milliseconds between two looks at the folders while the list is shown. */
const lookPace = 2000;

/** In a folder of runs: a run's own folder, which is all that is reported of a deleted one, and the files by which it is known. */
const telling = '{*,*/run.json,*/checkpoints/*.onnx}';

/** A run's folder, and the times at which its record and its list of checkpoints were written last. */
interface Seen {
  readonly folder: vscode.Uri;
  readonly times: string;
}

/**
 * The editor reports most changes, and at once. It reports none where a setting excludes the folder, on some network drives, once the system has no
 * watch left to give, and once its watcher has been restarted five times after failures; of what is made in
 * a new folder it misses some, and of a folder that is deleted with all above it, all. So while the list is shown its folders are looked at, too.
 */
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
  /** By the addresses of the folders. */
  private seen: ReadonlyMap<string, Seen> = new Map();
  private isLooking = false;
  private timer: NodeJS.Timeout | undefined;
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

  /** Looks at the folders now and then from now on, or no longer. */
  setShown(isShown: boolean): void {
    clearInterval(this.timer);
    this.timer = isShown ? setInterval(() => void this.lookOnce(), lookPace) : undefined;
    if (isShown) void this.lookOnce();
  }

  dispose(): void {
    this.setShown(false);
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
      return [watcher, watcher.onDidCreate(touch), watcher.onDidChange(touch), watcher.onDidDelete(touch)];
    });
    return this.inTurn(() => this.takeAll());
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

  /** Not while a look is under way, which on a slow drive can take longer than the pace. */
  private async lookOnce(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      await this.inTurn(() => this.look());
    } finally {
      this.isLooking = false;
    }
  }

  /** Reads what has changed since the last look. */
  private async look(): Promise<void> {
    const before = this.seen;
    this.seen = await this.seenNow();
    for (const [address, { folder, times }] of this.seen)
      if (before.get(address)?.times !== times) this.touched.set(address, folder);
    for (const [address, { folder }] of before) if (!this.seen.has(address)) this.touched.set(address, folder);
    if (this.touched.size > 0) await this.takeTouched();
  }

  private async seenNow(): Promise<ReadonlyMap<string, Seen>> {
    const inFolders = await Promise.all(
      this.folders.all().map(async (parent) => {
        const entries = await entriesOf(parent);
        const folders = entries.filter(([, type]) => (type & vscode.FileType.Directory) !== 0);
        return Promise.all(folders.map(([name]) => see(vscode.Uri.joinPath(parent, name))));
      }),
    );
    return new Map(inFolders.flat().map((seen) => [seen.folder.toString(), seen]));
  }

  private async takeAll(): Promise<void> {
    this.touched.clear();
    this.seen = await this.seenNow();
    this.take(await Promise.all([...this.seen.values()].map(({ folder }) => readRun(folder))));
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

async function see(folder: vscode.Uri): Promise<Seen> {
  const written = (name: string) =>
    vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, name)).then(
      ({ mtime }) => mtime,
      () => 0,
    );
  const times = await Promise.all([written('run.json'), written('checkpoints')]);
  return { folder, times: times.join(' ') };
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
