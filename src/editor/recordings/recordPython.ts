/** Run Python File with Recorder: in a task's terminal; the panel opens by itself at the first recorded step. */
import { execFile } from 'node:child_process';
import { basename, delimiter, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ModelOpener } from '../models/openModel';
import { pathOnDisk } from '../models/onDisk';
import type { Notices } from '../notices';
import type { Panel } from '../panel/panel';
import { runName, unusedName } from '../runs/runName';
import { entriesOf } from '../runs/runsFolder';
import { UserError } from '../../userError';
import { localize } from '../localize';
import { interpreterFor } from './pythonInterpreter';
import { recordedStepOf } from './recordingFile';

export interface RecordingParts {
  readonly extensionUri: vscode.Uri;
  readonly opener: ModelOpener;
  readonly panel: Panel;
  readonly notices: Notices;
}

/** The extension's own copy runs: it writes what this version reads, and nothing has to be installed for it. */
const recorderModule = 'backflow_recorder';
const recorderFolder = 'python';
/** What the recorder imports, each by the name that pip knows too. */
const needed = ['torch', 'numpy', 'safetensors'];
/** Where the recorder writes unless it is told otherwise. */
const usualParent = 'runs';
/** Milliseconds between two looks for the first step: not every file system reports a change. */
const lookPace = 1000;
/** For a Python that does not end. */
const maxWait = 60_000;

/** Throws a UserError that says what is missing. */
export async function recordPython(parts: RecordingParts, given: vscode.Uri | undefined): Promise<void> {
  const file = given ?? vscode.window.activeTextEditor?.document.uri;
  if (!file || extname(file.path).toLowerCase() !== '.py') throw new UserError('recordPython.noFile');
  if (file.scheme !== 'file') throw new UserError('recordPython.notOnDisk', basename(file.path));
  if (!vscode.workspace.isTrusted) throw new UserError('recordPython.untrusted');
  // What is shown is what runs.
  await vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString())?.save();
  const python = await interpreterFor(file);
  const workspaceFolder = vscode.workspace.getWorkspaceFolder(file);
  const cwd = workspaceFolder?.uri.fsPath ?? dirname(pathOnDisk(file));
  const missing = await missingModules(python, cwd);
  if (!missing) throw new UserError('recordPython.noPython', python);
  if (missing.length > 0) return tellInstall(python, missing);
  const folder = await newFolder(vscode.Uri.file(cwd), pathOnDisk(file));
  const task = new vscode.Task(
    { type: 'backflow.record', file: pathOnDisk(file) },
    workspaceFolder ?? vscode.TaskScope.Workspace,
    localize('recordPython.task', basename(file.path)),
    'backflow',
    // A list, so that no shell reads what a path has in it.
    new vscode.ProcessExecution(python, ['-m', recorderModule, '--out', folder.fsPath, pathOnDisk(file)], {
      cwd,
      env: { PYTHONPATH: pythonPath(parts.extensionUri) },
    }),
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    panel: vscode.TaskPanelKind.Dedicated,
    focus: false,
  };
  const execution = await vscode.tasks.executeTask(task);
  showFirstStep(parts, folder, execution);
}

/** The recorder's folder, before those that the person has set. */
function pythonPath(extensionUri: vscode.Uri): string {
  const own = vscode.Uri.joinPath(extensionUri, recorderFolder).fsPath;
  const { PYTHONPATH: given } = process.env;
  return given ? `${own}${delimiter}${given}` : own;
}

async function tellInstall(python: string, missing: readonly string[]): Promise<void> {
  const line = `${python} -m pip install ${missing.join(' ')}`;
  const copy = localize('recordPython.copy');
  const sentence = localize('recordPython.noModule', python, missing.join(', '), line);
  const chosen = await vscode.window.showErrorMessage(sentence, copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(line);
}

/** Which of the needed modules the interpreter has not, none of which is imported; null where it cannot be run. */
function missingModules(python: string, cwd: string): Promise<readonly string[] | null> {
  const question = 'import importlib.util, sys; print(*(n for n in sys.argv[1:] if not importlib.util.find_spec(n)))';
  return new Promise((resolve) => {
    execFile(python, ['-c', question, ...needed], { cwd, timeout: maxWait, windowsHide: true }, (error, answer) => {
      resolve(error ? null : needed.filter((name) => answer.split(/\s+/).includes(name)));
    });
  });
}

/** `runs/<script>-recorded-<time>` in the working folder: nothing is made yet. */
async function newFolder(parent: vscode.Uri, script: string): Promise<vscode.Uri> {
  const runs = vscode.Uri.joinPath(parent, usualParent);
  const taken = new Set((await entriesOf(runs)).map(([name]) => name));
  const name = unusedName(runName(script, 'recorded', new Date()), (other) => taken.has(other));
  return vscode.Uri.file(join(runs.fsPath, name));
}

/** Opens the recording once it has a step; no longer waited for when the job has ended. */
function showFirstStep(
  { opener, panel, notices }: RecordingParts,
  folder: vscode.Uri,
  execution: vscode.TaskExecution,
): void {
  const over = new AbortController();
  let looking: Promise<void> | null = null;
  const look = async () => {
    const entries = await entriesOf(vscode.Uri.joinPath(folder, 'steps'));
    if (over.signal.aborted || !entries.some(([name]) => recordedStepOf(name) !== undefined)) return;
    over.abort();
    await notices.guard(async () => {
      if (await opener.open(folder.fsPath)) panel.show();
    });
  };
  const lookOnce = (): Promise<void> => (looking ??= look().finally(() => (looking = null)));
  const timer = setInterval(() => void lookOnce(), lookPace);
  const listener = vscode.tasks.onDidEndTask((event) => {
    // A job can be quicker than the pace.
    if (event.execution === execution) void lookOnce().then(() => over.abort());
  });
  over.signal.addEventListener('abort', () => {
    clearInterval(timer);
    listener.dispose();
  });
}
