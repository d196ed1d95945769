/** Where a person finds a sweep: the explorer's menu on the files and folders that package.json names and on no others, Open With…, and the palette. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sweepJson } from '../../support/sweepFolder';
import type { EditorWindow } from '../harness/editorWindow';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

const entry = 'Open Sweep…';
/** No name begins as another. */
const withEntry = ['sweep.json', 'sweep-tale', 'sweep_two', 'sweep.3'];
const without = ['resweep.json', 'sweepstakes', 'my-sweep'];

describe('the ways to a sweep', () => {
  let window: EditorWindow;
  let workspace: Workspace;

  before(async () => {
    const plan = sweepJson({ grid: { kind: ['rnn', 'gru'] } });
    ({ window, workspace } = await borrowWindow({ 'sweep.json': plan, 'resweep.json': plan }));
    for (const name of [...withEntry, ...without].filter((each) => !each.endsWith('.json')))
      mkdirSync(join(workspace.folder, name));
    for (const name of [...withEntry, ...without])
      await window.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`).waitFor();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
    await window.runCommand('View: Close All Editors');
  });

  /** A picture of this sweep, which has no trial yet. */
  const shown = async () => {
    const page = await window.panelFrame('[data-figure="sweep"]');
    await page.locator('.sweep-page header', { hasText: '2 trials of 40 steps · 2 missing' }).waitFor();
  };

  it('the explorer has an entry on sweep.json, and on a folder that is called as the sweep command calls it', async () => {
    for (const name of withEntry)
      assert.ok(
        (await window.entriesInExplorer(name, entry)).some((text) => text.includes(entry)),
        name,
      );
  });

  it('and on nothing else', async () => {
    for (const name of without)
      assert.ok(!(await window.entriesInExplorer(name, 'Copy Path')).some((text) => text.includes(entry)), name);
  });

  it('the entry opens the picture', async () => {
    await window.chooseInExplorer('sweep.json', entry);
    await shown();
  });

  it('of a folder without a sweep a sentence says so', async () => {
    await window.chooseInExplorer('sweep_two', entry);
    await window.notifications.listed(/sweep_two is not the folder of a sweep: it has no sweep\.json that can be read/);
  });

  it('Open With… offers the picture beside the text', async () => {
    await window.chooseInExplorer('sweep.json', 'Open With');
    await window.pick('Backflow: Sweep');
    await shown();
  });

  it('the palette finds the sweep', async () => {
    await window.runCommand('Backflow: Open Sweep…');
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Another folder…' }).waitFor();
    await window.page.keyboard.press('Enter');
    await shown();
  });
});
