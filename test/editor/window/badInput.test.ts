/** What cannot be trained on is refused with one sentence, and nothing is written. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { EditorWindow } from '../harness/editorWindow';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

const refused: readonly { readonly file: string; readonly content: string | Uint8Array; readonly sentence: RegExp }[] =
  [
    { file: 'empty.txt', content: '', sentence: /empty\.txt is empty/ },
    { file: 'one.txt', content: 'aaaaaaaaaaaaaaaa'.repeat(40), sentence: /one\.txt has only one symbol/ },
    { file: 'short.txt', content: 'ab', sentence: /too short: 2 tokens/ },
    {
      file: 'binary.txt',
      content: new Uint8Array(4000).map((_, i) => (i % 7 === 0 ? 0 : i % 256)),
      sentence: /binary\.txt .*binary/,
    },
    {
      file: 'latin.txt',
      content: Buffer.from('déjà vu, très étrange. '.repeat(100), 'latin1'),
      sentence: /latin\.txt .*UTF-8/,
    },
  ];

describe('what cannot be trained', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const texts = Object.fromEntries(refused.map(({ file, content }) => [file, content]));
    ({ window, workspace } = await borrowWindow({
      ...texts,
      'text.txt': 'the sea and the tide and the clock. '.repeat(100),
      blocked: 'a file',
    }));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  for (const { file, sentence } of refused) {
    it(`a text, ${file}: one sentence, nothing written`, async () => {
      const train = () => window.chooseInExplorer(file, 'Train on This File');
      await train();
      await window.notifications.listed(sentence, { again: train });
      assert.deepEqual(
        readdirSync(workspace.folder).filter((name) => name === '.backflow'),
        [],
      );
    });
  }

  it('a folder that cannot be written to is named in one sentence', async () => {
    // Also true for a superuser, whom no permission stops: a part of the path is a file.
    await window.changeSettings({ 'backflow.runsFolder': 'blocked/runs' });
    const train = () => window.chooseInExplorer('text.txt', 'Train on This File');
    await train();
    await window.notifications.listed(/folder .*blocked.* cannot be created/, { again: train });
  });
});
