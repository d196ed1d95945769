/**
 * What the editor calls inside its extension host to measure the extension there. BACKFLOW_BENCH_HOVERS says how many hovers are asked for in each
 * round, 0 for the activation alone; BACKFLOW_BENCH_RESULT names the file for what was measured, a HostTimes, or `{ error }`.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { removeFolder } from '../../test/support/removeFolder';

/** All in milliseconds. */
export interface HostTimes {
  readonly activation: { readonly took: number; readonly used: number };
  /** Null where the activation alone was asked for. */
  readonly hovers: HoverTimes | null;
}

export interface HoverTimes {
  readonly paused: readonly number[];
  /** While it trains with the panel open, and of a hover beside it that is answered at once. */
  readonly training: readonly number[];
  readonly atOnce: readonly number[];
  /** The host's longest computation while it trains, scrolls and hovers. */
  readonly busiest: number;
}

/** This file runs from out/bench/editor. */
const project = join(__dirname, '../../..');

export async function run(): Promise<void> {
  writeFileSync(given('BACKFLOW_BENCH_RESULT'), JSON.stringify(await measured()));
}

async function measured(): Promise<HostTimes | { readonly error: string }> {
  try {
    const hovers = Number(given('BACKFLOW_BENCH_HOVERS'));
    return { activation: await activate(), hovers: hovers > 0 ? await hoverTimes(hovers) : null };
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this program is run by "npm run bench -- editor".`);
  return value;
}

/** What loading and activating the extension takes, and processor time of all the host's threads meanwhile. */
async function activate(): Promise<HostTimes['activation']> {
  const extension = vscode.extensions.getExtension('backflow.backflow');
  if (!extension) throw new Error('The editor does not know the extension.');
  if (extension.isActive) throw new Error('The extension was active before anybody asked for it.');
  await settled();
  const began = performance.now();
  const cpu = process.cpuUsage();
  await extension.activate();
  const took = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { took, used: (user + system) / 1000 };
}

/** A window that has just opened loads its own extensions; waits until the host has nothing to do, 20 s at most. */
async function settled(): Promise<void> {
  const until = performance.now() + 20_000;
  for (let calm = 0; calm < 25 && performance.now() < until;) {
    const began = performance.now();
    await wait(20);
    calm = performance.now() - began < 30 ? calm + 1 : 0;
  }
}

/** On a text of 10 MB, T = 256, H = 128. */
async function hoverTimes(count: number): Promise<HoverTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-bench-'));
  try {
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    const file = vscode.Uri.file(join(folder, 'long.txt'));
    writeFileSync(file.fsPath, tale.repeat(Math.ceil(10e6 / Buffer.byteLength(tale))));
    const editor = await vscode.window.showTextDocument(file, { preview: false });
    await vscode.commands.executeCommand('backflow.train', {
      uri: file.toString(),
      model: { cell: 'lstm', hiddenSize: 128 },
      training: { steps: 0 },
    });
    while (!(await saysLoss(editor.document, 3))) await wait(200);
    const paused = await whilePaused(editor.document, count);
    const { training, atOnce } = await whileTraining(editor.document, count);
    return { paused, training, atOnce, busiest: await longestComputation(editor, count) };
  } finally {
    await vscode.commands.executeCommand('backflow.stop');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await removeFolder(folder);
  }
}

async function whilePaused(document: vscode.TextDocument, count: number): Promise<number[]> {
  await vscode.commands.executeCommand('backflow.pause');
  await wait(500);
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await timeOfHover(document, 1 + 3 * i));
  await vscode.commands.executeCommand('backflow.resume');
  return times;
}

async function whileTraining(
  document: vscode.TextDocument,
  count: number,
): Promise<{ training: number[]; atOnce: number[] }> {
  const isPageOpen = vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => input instanceof vscode.TabInputWebview),
  );
  if (!isPageOpen) throw new Error('The panel is not open.');
  // On a machine that others use the editor is late with every hover, one that is answered at once too: what that takes is not ours.
  const empty = await vscode.workspace.openTextDocument({ content: 'nothing here', language: 'plaintext' });
  const provider = vscode.languages.registerHoverProvider(
    { scheme: 'untitled' },
    { provideHover: () => new vscode.Hover('at once') },
  );
  const [training, atOnce]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    training.push(await timeOfHover(document, 1 + 3 * i));
    const began = performance.now();
    await vscode.commands.executeCommand('vscode.executeHoverProvider', empty.uri, new vscode.Position(0, 3));
    atOnce.push(performance.now() - began);
    await wait(20);
  }
  provider.dispose();
  return { training, atOnce };
}

/** The thread's longest computation between two turns of its event loop, in processor time: what others do with the machine does not count. */
async function longestComputation(editor: vscode.TextEditor, count: number): Promise<number> {
  const cursor = new vscode.Position(4, 10);
  editor.selection = new vscode.Selection(cursor, cursor);
  const cpu = () => {
    const { user, system } =
      (process as unknown as { threadCpuUsage?: () => NodeJS.CpuUsage }).threadCpuUsage?.() ?? process.cpuUsage();
    return (user + system) / 1000;
  };
  let [last, busiest] = [cpu(), 0];
  const timer = setInterval(() => {
    const now = cpu();
    busiest = Math.max(busiest, now - last);
    last = now;
  }, 5);
  for (let i = 0; i < count; i++) {
    await vscode.commands.executeCommand('editorScroll', { to: i % 8 < 4 ? 'down' : 'up', by: 'page' });
    await timeOfHover(editor.document, 1 + 5 * i);
    await wait(50);
  }
  clearInterval(timer);
  return busiest;
}

async function timeOfHover(document: vscode.TextDocument, offset: number): Promise<number> {
  const began = performance.now();
  if (!(await saysLoss(document, offset))) throw new Error(`There was no hover at ${offset}.`);
  return performance.now() - began;
}

async function saysLoss(document: vscode.TextDocument, offset: number): Promise<boolean> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    document.positionAt(offset),
  );
  return hovers.some(({ contents }) =>
    contents.some((content) => (content as vscode.MarkdownString).value.includes('nats')),
  );
}
