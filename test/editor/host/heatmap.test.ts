/** Hovers while a model trains on a 10 MB file, and while it does not; and what the host has to do with it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { removeFolder } from '../../support/removeFolder';

const project = join(__dirname, '../../../..');

describe('on a 10 MB file, T = 256, H = 128', () => {
  let folder: string;
  let editor: vscode.TextEditor;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'backflow-host-'));
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    const file = join(folder, 'long.txt');
    writeFileSync(file, tale.repeat(Math.ceil(10e6 / Buffer.byteLength(tale))));
    editor = await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false });
    await vscode.commands.executeCommand('backflow.train', {
      uri: vscode.Uri.file(file).toString(),
      model: { cell: 'lstm', hiddenSize: 128 },
      training: { steps: 0 },
    });
    await until('a hover', async () => (await hoverAt(3)).includes('nats'));
  });

  after(async () => {
    await vscode.commands.executeCommand('backflow.stop');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await removeFolder(folder);
  });

  /** What all hovers say over a character of the first lines. */
  async function hoverAt(offset: number): Promise<string> {
    const { document } = editor;
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      document.positionAt(offset),
    );
    return hovers
      .flatMap(({ contents }) => contents.map((content) => (content as vscode.MarkdownString).value))
      .join('\n');
  }

  for (const [when, command] of [
    ['no training goes on', 'backflow.pause'],
    ['it trains', 'backflow.resume'],
  ] as const) {
    it(`answers every hover while ${when}`, async () => {
      await vscode.commands.executeCommand(command);
      for (let i = 0; i < 60; i++) assert.match(await hoverAt(1 + 3 * i), /nats/, `hover ${i}`);
    });
  }

  it('answers those that are asked for together', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => hoverAt(10 + i)));
    assert.ok(all.every((text) => text.includes('nats')));
  });

  it('keeps every module of the engine out of the host', () => {
    const loaded = Object.keys(require.cache).filter((path) => /onnxruntime|dist\/engine|protobufjs/.test(path));
    assert.deepEqual(loaded, []);
  });
});

async function until(what: string, test: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await wait(200);
  }
}
