/** Run Python File with Recorder: in a task's terminal; the panel opens by itself at the first recorded step. */
import { execFile } from 'node:child_process';
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ModelOpener } from '../models/openModel';
import { pathOnDisk } from '../models/onDisk';
import type { Panel } from '../panel/panel';
import { runName, unusedName } from '../runs/runName';
import { entriesOf } from '../runs/runsFolder';
import { localize } from '../localize';
import { interpreterFor } from './pythonInterpreter';
import { recordedStepOf } from './recordingFile';

export interface RecordingParts {
  readonly opener: ModelOpener;
  readonly panel: Panel;
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

export async function recordPython(parts: RecordingParts, given: vscode.Uri | undefined): Promise<void> {
  const file = given ?? vscode.window.activeTextEditor?.document.uri;
  if (!file || extname(file.path).toLowerCase() !== '.py') return tell(localize('recordPython.noFile'));
  if (file.scheme !== 'file') return tell(localize('recordPython.notOnDisk', basename(file.path)));
  if (!vscode.workspace.isTrusted) return tell(localize('recordPython.untrusted'));
  // What is shown is what runs.
  await vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString())?.save();
  const python = await interpreterFor(file);
  const workspaceFolder = vscode.workspace.getWorkspaceFolder(file);
  const cwd = workspaceFolder?.uri.fsPath ?? dirname(pathOnDisk(file));
  const found = await hasRecorder(python, cwd);
  if (found === 'noPython') return tell(localize('recordPython.noPython', python));
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

function tell(sentence: string): void {
  void vscode.window.showErrorMessage(sentence);
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
function showFirstStep({ opener, panel }: RecordingParts, folder: vscode.Uri, execution: vscode.TaskExecution): void {
  let isLooking = false;
  let isOver = false;
  const look = async () => {
    if (isLooking || isOver) return;
    isLooking = true;
    try {
      const entries = await entriesOf(vscode.Uri.joinPath(folder, 'steps'));
      if (isOver || !entries.some(([name]) => recordedStepOf(name) !== undefined)) return;
      end();
      if (await opener.open(folder.fsPath)) panel.show();
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), lookPace);
  const listener = vscode.tasks.onDidEndTask((event) => {
    // The last look is for a job that was quicker than the pace.
    if (event.execution === execution) void look().finally(end);
  });
  const end = () => {
    isOver = true;
    clearInterval(timer);
    listener.dispose();
  };
}
