/** Hovers and flows with models of other tokens than characters, of lines read by themselves, and of a vocabulary from elsewhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { removeFolder } from '../../support/removeFolder';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import type { BackflowApi } from '../../../src/editor/api/backflow';
import { defaultTrainingSettings } from '../../../src/protocol/settings';

const text = 'the wall can’t speak, 🙂 하늘을\nof it: the stones   can\n'.repeat(30);

describe('with models of other tokens', () => {
  let folder: string;
  let editor: vscode.TextEditor;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'backflow-tokens-'));
  });

  afterEach(async () => {
    await vscode.commands.executeCommand('backflow.stop');
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await removeFolder(folder);
  });

  async function open(name: string, content = text): Promise<void> {
    const file = vscode.Uri.file(join(folder, name));
    writeFileSync(file.fsPath, content);
    editor = await vscode.window.showTextDocument(file, { preview: false });
  }

  async function trainOn(name: string, corpus: Readonly<Record<string, unknown>>): Promise<void> {
    await open(name);
    await vscode.commands.executeCommand('backflow.train', {
      uri: editor.document.uri.toString(),
      model: { cell: 'gru', hiddenSize: 16 },
      training: { window: 16, batch: 2, steps: 0 },
      corpus,
    });
  }

  async function hoverAt(offset: number): Promise<{ said: string; over: string } | undefined> {
    const { document } = editor;
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      document.positionAt(offset),
    );
    const own = hovers.find(({ contents }) =>
      contents.some((content) => (content as vscode.MarkdownString).value.includes('backflow.')),
    );
    return (
      own && {
        said: own.contents.map((content) => (content as vscode.MarkdownString).value).join('\n'),
        over: document.getText(own.range),
      }
    );
  }

  async function firstHover(offset: number): Promise<{ said: string; over: string }> {
    for (const deadline = Date.now() + 120_000; ;) {
      const hover = await hoverAt(offset);
      if (hover) return hover;
      if (Date.now() > deadline) throw new Error(`Waited in vain for a hover at ${offset}.`);
      await wait(100);
    }
  }

  it('a hover is over the whole word, wherever in it the pointer is', async () => {
    await trainOn('words.txt', { tokens: 'word' });
    await firstHover(text.indexOf('can’t'));
    for (const word of ['can’t', ',', '🙂', '하늘을', '   ']) {
      const start = text.indexOf(word);
      for (let offset = start; offset < start + word.length; offset++)
        assert.equal((await hoverAt(offset))?.over, word, `at ${offset}`);
    }
  });

  it('the interface for extensions says where the words stand', async () => {
    const api = vscode.extensions.getExtension<BackflowApi>('backflow.backflow')?.exports;
    assert.ok(api?.currentModel);
    const asked = '🙂 하늘을\nthe stones   can';
    const { tokens, starts, ends } = await api.flow(asked, { model: api.currentModel });
    assert.deepEqual(tokens, ['🙂', ' ', '하늘을', '\n', 'the', ' ', 'stones', '   ']);
    assert.deepEqual(
      Array.from(starts, (start, token) => asked.slice(start, ends[token])),
      [...tokens, 'can'],
    );
  });

  it('a file of numbers is recognized; its probe is a whole line, and a step has a gradient and no probabilities', async () => {
    const steps = Array.from({ length: 12 }, (_, i) => `0.${i + 10},${i === 3 || i === 9 ? 1 : 0}`).join(' ');
    // The same steps with other targets: a model that predicts exactly what stands there has no gradient.
    const lines = Array.from({ length: 40 }, (_, i) => `${steps} = 0.${i + 32}`);
    const [line] = lines;
    const numbers = `# value,mark = sum of the marked\n\n${lines.join('\n')}\n`;
    await open('numbers.txt', numbers);
    await vscode.commands.executeCommand('backflow.train', {
      uri: editor.document.uri.toString(),
      model: { cell: 'gru', hiddenSize: 16 },
      training: { batch: 2, steps: 0 },
    });
    // The cursor stands on the comment; the first sequence is looked at.
    const start = numbers.indexOf(line);
    const step = await firstHover(start + steps.indexOf('0.13,1') + 2);
    assert.equal(step.over, '0.13,1');
    assert.match(step.said, /step 4/);
    assert.match(step.said, /gradient/);
    const target = await firstHover(start + line.indexOf('= 0.32') + 3);
    assert.equal(target.over, '= 0.32');
    assert.match(target.said, /the model predicts \S+ · squared error/);
    for (const { said } of [step, target]) assert.doesNotMatch(said, /nats|logit|\||command:backflow\.(pin|attribute)/);
    assert.equal(await hoverAt(4), undefined, 'a comment is no sequence');
    const third = editor.document.lineAt(5).range;
    editor.selection = new vscode.Selection(third.start, third.start);
    const there = editor.document.offsetAt(third.start) + steps.indexOf('0.14,0') + 1;
    assert.equal((await firstHover(there)).over, '0.14,0');
  });

  it('a probe of a model of lines is the line that the cursor is on, its first token predicted by nothing', async () => {
    await trainOn('lines.txt', { mode: 'sequences', split: 'lines' });
    const line = editor.document.lineAt(3);
    editor.selection = new vscode.Selection(line.range.start, line.range.start);
    const start = editor.document.offsetAt(line.range.start);
    const first = await firstHover(start + 3);
    assert.match(first.said, /nats/);
    await wait(500);
    assert.doesNotMatch((await firstHover(start + 1)).said, /nothing predicts it/);
    const atStart = (
      await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        editor.document.uri,
        line.range.start,
      )
    ).flatMap(({ contents }) => contents.map((content) => (content as vscode.MarkdownString).value));
    assert.match(atStart.join(), /nothing predicts it/);
    assert.equal(await hoverAt(start - 1), undefined, 'the line end belongs to no sequence');
    assert.equal(await hoverAt(3), undefined, 'nor does another line');
  });

  it('words of another tool’s vocabulary have hovers, the spaces between them none, and an unknown one says as what it is read', async () => {
    const symbols = ['[UNK]', 'the', 'wall', 'can', '’', 't', ',', 'of', 'it', ':', 'stones'];
    const vocabulary = new Vocabulary(
      symbols,
      'wordOrPunctuation',
      { sos: null, eos: null, mask: null, unknown: 0 },
      true,
    );
    const config = uniformModel({
      ...plainStack,
      cell: 'lstm',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 8,
      vocabularySize: symbols.length,
    });
    const model = join(folder, 'foreign.onnx');
    writeFileSync(
      model,
      encodeCheckpoint({
        config,
        parameters: initialize(config, Random.fromSeed(3), defaultTrainingSettings),
        vocabulary,
        step: 0,
      }),
    );
    await open('foreign.txt');
    await vscode.commands.executeCommand('backflow.inspect', vscode.Uri.file(model));
    const setLanguage = text.indexOf('speak');
    assert.equal((await firstHover(setLanguage + 2)).over, 'speak');
    assert.match((await firstHover(setLanguage + 2)).said, /^\*\*speak\*\* · read as \*\*\\\[UNK\\\]\*\* · loss/);
    assert.equal((await hoverAt(text.indexOf('’')))?.over, '’');
    assert.equal(await hoverAt(setLanguage - 1), undefined);
  });
});
