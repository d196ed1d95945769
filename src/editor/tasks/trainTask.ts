/** The task type `backflow`: trains from tasks.json, in the panel as always, with a line a second in the task's terminal. */
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { isProfileName, profiles } from '../choices/choices';
import { lossUnitOf } from '../../protocol/run';
import { spoken } from '../notices';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { stateName } from '../runs/runTree';
import { throttled } from '../timing';
import { train, type TrainingParts } from '../train';
import { lossInWords } from '../lossWords';
import { localize, localizeMessage } from '../localize';

export const taskType = 'backflow';

/** As package.json declares it. */
interface TrainDefinition extends vscode.TaskDefinition {
  /** Absolute, or in the workspace folder. */
  readonly file?: unknown;
  readonly profile?: unknown;
  /** Values by the names of settings, with or without "backflow.". */
  readonly settings?: unknown;
}

/** Milliseconds between two lines. */
const pace = 1000;

export class TrainTasks implements vscode.TaskProvider {
  constructor(
    private readonly parts: TrainingParts,
    private readonly registry: RunRegistry,
  ) {}

  /** One for the text in view. */
  provideTasks(): vscode.Task[] {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
    if (!folder || uri.scheme !== 'file') return [];
    return [this.taskOf({ type: taskType, file: vscode.workspace.asRelativePath(uri, false) }, folder)];
  }

  resolveTask(task: vscode.Task): vscode.Task {
    return this.taskOf(task.definition, task.scope ?? vscode.TaskScope.Workspace, task.name);
  }

  private taskOf(
    definition: TrainDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
    name?: string,
  ): vscode.Task {
    const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.at(0);
    // Variables such as ${file} are filled in only in what the execution is given.
    const execution = new vscode.CustomExecution((resolved) =>
      Promise.resolve(new TrainTerminal(this.parts, this.registry, resolved as TrainDefinition, folder)),
    );
    const task = new vscode.Task(
      definition,
      scope,
      name ?? localize('task.name', String(definition.file)),
      taskType,
      execution,
    );
    task.group = vscode.TaskGroup.Build;
    return task;
  }
}

class TrainTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  private readonly line = throttled(() => this.tell(), pace);
  private listeners: vscode.Disposable[] = [];
  private session: RunSession | undefined;

  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;

  constructor(
    private readonly parts: TrainingParts,
    private readonly registry: RunRegistry,
    private readonly definition: TrainDefinition,
    private readonly folder: vscode.WorkspaceFolder | undefined,
  ) {}

  open(): void {
    this.begin().catch((error: unknown) => {
      const said = spoken(error);
      this.write(said instanceof Error ? said.message : String(said));
      this.end(1);
    });
  }

  /** The user has closed the terminal, or ended the task. */
  close(): void {
    const { session } = this;
    this.forget();
    if (session?.isTraining) void session.control('stop').catch(() => undefined);
  }

  private async begin(): Promise<void> {
    const uri = this.fileUri();
    if (!uri) {
      this.write(localize('task.needsFile'));
      this.end(1);
      return;
    }
    const run = await train(this.parts, { uri: uri.toString(), ...this.settings() });
    this.session = run && this.registry.find(run.folder);
    if (!this.session) {
      this.end(1);
      return;
    }
    this.write(localize('task.run', this.session.description.folder));
    this.listeners.push(
      this.session.onDidProgress(() => this.line()),
      this.session.onDidChange(() => this.follow()),
      this.registry.onDidChangeList(() => this.follow()),
    );
    this.follow();
  }

  private fileUri(): vscode.Uri | undefined {
    const { file } = this.definition;
    if (typeof file !== 'string' || file === '') return undefined;
    if (isAbsolute(file)) return vscode.Uri.file(file);
    return this.folder && vscode.Uri.joinPath(this.folder.uri, file);
  }

  /** The profile's values and the task's own, grouped as `train` takes them. */
  private settings(): Record<string, Record<string, unknown>> {
    const { profile, settings } = this.definition;
    const own = typeof settings === 'object' && settings !== null ? Object.entries(settings) : [];
    const all = [...(isProfileName(profile) ? Object.entries(profiles[profile]) : []), ...own];
    // An empty group says too that nobody is to be asked.
    const grouped: Record<string, Record<string, unknown>> = { training: {} };
    for (const [name, value] of all) {
      const [group, key] = name.replace(/^backflow\./, '').split('.');
      (grouped[group] ??= {})[key] = value;
    }
    return grouped;
  }

  private follow(): void {
    const { session } = this;
    if (!session) return;
    const { state, message } = session.status;
    if (['starting', 'running', 'paused'].includes(state) && session.isAlive && this.registry.all.includes(session))
      return;
    this.tell();
    this.write(message ? localizeMessage(message) : stateName(state));
    this.end(state === 'failed' ? 1 : 0);
  }

  private tell(): void {
    const loss = this.session?.metrics.last('loss') ?? null;
    const step = this.session?.metrics.last('step') ?? null;
    if (!this.session || loss === null || step === null) return;
    const number = (value: number) => Math.round(value).toLocaleString(vscode.env.language);
    const speed = number(this.session.metrics.last('tokensPerSecond') ?? 0);
    this.write(
      [
        localize('step.number', number(step)),
        lossInWords(lossUnitOf(this.session.description), loss),
        localize('speed.tokensPerSecond', speed),
      ].join('  '),
    );
  }

  private write(line: string): void {
    this.written.fire(`${line}\r\n`);
  }

  private end(code: number): void {
    this.forget();
    this.closed.fire(code);
  }

  private forget(): void {
    this.line.dispose();
    for (const listener of this.listeners) listener.dispose();
    this.listeners = [];
    this.session = undefined;
  }
}
