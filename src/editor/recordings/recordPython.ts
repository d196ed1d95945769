/** Run Python File with Recorder: in a task's terminal; the panel opens by itself at the first recorded step. */
import { execFile } from 'node:child_process';
import { basename, dirname, extname, join } from 'node:path';
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
  readonly opener: ModelOpener;
  readonly panel: Panel;
  readonly notices: Notices;
}

const recorderModule = 'backflow_recorder';
const distribution = 'backflow-recorder';
/** Where the recorder writes unless it is told otherwise. */
const usualParent = 'runs';
/** Milliseconds between two looks for the first step: not every file system reports a change. */
const lookPace = 1000;
/** For a Python that does not end. */
const maxWait = 60_000;
/** Exit status of the question whether the module is there. */
const missing = 3;

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
  const found = await hasRecorder(python, cwd);
  if (found === 'noPython') throw new UserError('recordPython.noPython', python);
  if (found === 'noModule') return tellInstall(python);
  const folder = await newFolder(vscode.Uri.file(cwd), pathOnDisk(file));
  const task = new vscode.Task(
    { type: 'backflow.record', file: pathOnDisk(file) },
    workspaceFolder ?? vscode.TaskScope.Workspace,
    localize('recordPython.task', basename(file.path)),
    'backflow',
    // A list, so that no shell reads what a path has in it.
    new vscode.ProcessExecution(python, ['-m', recorderModule, '--out', folder.fsPath, pathOnDisk(file)], { cwd }),
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    panel: vscode.TaskPanelKind.Dedicated,
    focus: false,
  };
  const execution = await vscode.tasks.executeTask(task);
  showFirstStep(parts, folder, execution);
}

async function tellInstall(python: string): Promise<void> {
  const line = `${python} -m pip install ${distribution}`;
  const copy = localize('recordPython.copy');
  const chosen = await vscode.window.showErrorMessage(localize('recordPython.noModule', python, line), copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(line);
}

/** Whether the interpreter has the recorder; nothing of it is imported. */
function hasRecorder(python: string, cwd: string): Promise<'yes' | 'noModule' | 'noPython'> {
  const question = `import importlib.util, sys; sys.exit(0 if importlib.util.find_spec('${recorderModule}') else ${missing})`;
  return new Promise((resolve) => {
    execFile(python, ['-c', question], { cwd, timeout: maxWait, windowsHide: true }, (error) => {
      resolve(error === null ? 'yes' : error.code === missing ? 'noModule' : 'noPython');
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
