/** What others build on: the interface for extensions, and the task type. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { BackflowApi } from '../../../src/editor/api/backflow';
import { removeFolder } from '../../support/removeFolder';

describe('for other extensions and for tasks', () => {
  let folder: string;
  let runs: string;
  let api: BackflowApi;

  before(async () => {
    const workspace = vscode.workspace.workspaceFolders?.at(0)?.uri.fsPath;
    assert.ok(workspace !== undefined, 'no folder is open');
    folder = workspace;
    runs = join(workspace, '.backflow/runs');
    writeFileSync(join(folder, 'hello.txt'), 'hello '.repeat(400));
    const extension = vscode.extensions.getExtension<BackflowApi>('backflow.backflow');
    assert.ok(extension);
    api = await extension.activate();
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const made of ['hello.txt', '.vscode/tasks.json', '.backflow']) await removeFolder(join(folder, made));
  });

  /** Runs a task of tasks.json to its end. */
  const trained = async (task: vscode.TaskDefinition & { readonly label: string }): Promise<void> => {
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    writeFileSync(join(folder, '.vscode/tasks.json'), JSON.stringify({ version: '2.0.0', tasks: [task] }));
    const ended = new Promise<void>((resolve) => {
      const listener = vscode.tasks.onDidEndTask(({ execution }) => {
        if (execution.task.definition.type !== 'backflow') return;
        listener.dispose();
        resolve();
      });
    });
    await vscode.tasks.executeTask(await fetched(task.label));
    await ended;
  };

  it('a task of the type “backflow” trains to its end and exits with 0', async () => {
    await trained({
      type: 'backflow',
      label: 'learn hello',
      file: 'hello.txt',
      profile: 'hello',
      settings: { 'training.steps': 60, 'backflow.model.cell': 'gru' },
    });
    const [run] = runsIn(runs);
    assert.match(run, /^hello-gru-/);
    assert.ok(existsSync(join(runs, run, 'checkpoints', 'step-60.onnx')));
  });

  it('a flow of a text with a model is there for the asking', async () => {
    const [run] = runsIn(runs);
    const flow = await api.flow('hello hello hel', { model: vscode.Uri.file(join(runs, run)), target: 9 });
    assert.equal(api.version, 1);
    assert.deepEqual(flow.tokens, Array.from('hello hello he'));
    assert.equal(flow.target, 9);
    const [layer] = flow.layers;
    assert.equal(layer.gradient.length, 14);
    assert.ok(
      Number.isFinite(layer.gradient[9]) && Number.isNaN(layer.gradient[10]),
      'later states cannot reach the target',
    );
    assert.ok(flow.loss > 0);
  });

  it('refuses a text that the model cannot read, in a sentence, and a model that is not there', async () => {
    const [run] = runsIn(runs);
    const model = vscode.Uri.file(join(runs, run));
    await assert.rejects(api.flow('xyz hello', { model }), /“x”/);
    await assert.rejects(api.flow('hello', { model: vscode.Uri.file(join(folder, 'nothing.onnx')) }), /nothing\.onnx/);
    assert.ok((await api.flow('hello', { model })).loss > 0, 'and answers the next');
  });

  it('a flow can be canceled', async () => {
    const [run] = runsIn(runs);
    const source = new vscode.CancellationTokenSource();
    source.cancel();
    await assert.rejects(api.flow('hello', { model: vscode.Uri.file(join(runs, run)), cancellation: source.token }));
  });

  // The last, since the others take the only run there is.
  it('a flow of a model whose layers carry no state is that by what they read', async () => {
    await trained({
      type: 'backflow',
      label: 'learn hello by attention',
      file: 'hello.txt',
      profile: 'hello',
      settings: { 'training.steps': 5, 'backflow.model.cell': 'attention', 'backflow.model.hiddenSize': 8 },
    });
    const run = runsIn(runs).find((name) => name.startsWith('hello-attention-'));
    assert.ok(run !== undefined);
    const flow = await api.flow('hello hello hel', { model: vscode.Uri.file(join(runs, run)), target: 9 });
    assert.deepEqual(flow.layers, []);
    const lowest = flow.inputs[0];
    const top = flow.inputs[flow.inputs.length - 1];
    assert.ok(lowest.gradient.slice(0, 10).every(Number.isFinite), 'it reaches every earlier token');
    assert.ok(Number.isNaN(lowest.gradient[10]), 'and no later one');
    assert.ok(
      top.gradient.slice(0, 9).every((each) => each === -Infinity),
      'exactly zero but for its own step',
    );
  });
});

function runsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** A task of tasks.json, which the editor reads in its own time. */
async function fetched(name: string): Promise<vscode.Task> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const task = (await vscode.tasks.fetchTasks({ type: 'backflow' })).find((each) => each.name === name);
    if (task) return task;
    await wait(200);
  }
  throw new Error(`The editor does not find the task “${name}”.`);
}
