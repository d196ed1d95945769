/** A sweep in a real editor: its picture opened by command and followed while trials end, other axes, a trial's run opened from a cell, trials compared, and broken files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { GrowingRecording } from '../../support/growingRecording';
import { doneJson, SweepOnDisk, sweepJson } from '../../support/sweepFolder';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, picture } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

const grid = { kind: ['rnn', 'gru'], gain: ['0.5', '1', '2'] };
const nameOf = (number: number, kind: string, gain: string) => `000${number}_kind=${kind}_gain=${gain}_seed=1`;
const first = nameOf(1, 'rnn', '0.5');

describe('a sweep', () => {
  let window: EditorWindow;
  let workspace: Workspace;
  let sweep: SweepOnDisk;
  let page: FrameLocator;

  before(async () => {
    const { project } = codeServer();
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    ({ window, workspace } = await borrowWindow({ 'tale.txt': tale }, { height: 1000 }));
    const corpus = join(workspace.folder, 'tale.txt');
    sweep = new SweepOnDisk(join(workspace.folder, 'runs/sweep-tale'));
    sweep.write('sweep.json', sweepJson({ grid, steps: 20, corpus }));
    // As the sweep command trains a trial.
    const settings = ['--cell', 'rnn', '--hidden', '8', '--window', '16', '--steps', '20', '--threads', '1', '--json'];
    for (const name of [first, nameOf(2, 'rnn', '1')]) {
      const out = join(sweep.path, 'trials', name, 'run');
      execFileSync(process.execPath, [join(project, 'dist/cli.js'), 'train', corpus, '--out', out, ...settings], {
        stdio: 'ignore',
      });
    }
    sweep.write(`trials/${first}/result.json`, doneJson({ step: 20, horizon: 7 }));
    sweep.write(
      `trials/${nameOf(2, 'rnn', '1')}/result.json`,
      doneJson({ step: 20, horizon: null, validationLoss: 3 }),
    );
    sweep.write(`trials/${nameOf(5, 'gru', '1')}/result.json`, doneJson({ state: 'failed', reason: 'it is refused' }));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const described = (words: RegExp) =>
    page.locator('canvas[data-figure="sweep"]').and(page.getByLabel(words)).waitFor();

  /** What the runs of a comparison are called. Their words hold together by no-break spaces. */
  const namesIn = async (compared: FrameLocator) =>
    (await compared.locator('.comparison .runs tbody th').allInnerTexts()).map((name) =>
      name.replaceAll('\u00a0', ' ').trim(),
    );

  it('opens by its command: one found in the workspace is chosen', async () => {
    await window.runCommand('Backflow: Open Sweep…');
    await window.pick('sweep-tale');
    page = await window.panelFrame('[data-figure="sweep"]');
    await described(
      /horizon over kind \(to the right\) and gain \(upwards\): 6 cells, 2 with a value, from 7 to > 128/,
    );
    assert.match(
      await page.locator('.sweep-page header').innerText(),
      /sweep-tale\s+tale\.txt · 6 trials of 20 steps · 2 done, 1 failed, 3 missing/,
    );
    assert.ok((await picture(page, 'sweep')).colors > 3);
    await window.picture('sweep');
  });

  it('follows what its trials come to', async () => {
    sweep.write(`trials/${nameOf(4, 'gru', '0.5')}/result.json`, doneJson({ step: 20, horizon: 3 }));
    await described(/6 cells, 3 with a value, from 3 to > 128/);
    sweep.write(`trials/${nameOf(3, 'rnn', '2')}/run/metrics.jsonl`, '');
    await page.locator('.sweep-page header', { hasText: '3 done, 1 failed, 1 begun, 1 missing' }).waitFor();
  });

  it('is shown over other axes, by another number', async () => {
    await page.locator('select[data-axis=x]').selectOption('gain');
    await page.locator('[data-choice=measure] [data-value=validationLoss]').click();
    await described(
      /validation loss over gain \(to the right\) and kind \(upwards\): 6 cells, 3 with a value, from 2\.50 to 3\.00/,
    );
  });

  it('opens the run of a trial from its cell', async () => {
    const canvas = page.locator('canvas[data-figure="sweep"]');
    await canvas.focus();
    // From the upper left cell, which is the GRU's, down to the RNN's.
    for (const key of ['Home', 'ArrowDown']) await window.page.keyboard.press(key);
    await page.locator('.readout', { hasText: 'gain 0.5, kind rnn: validation loss 2.500 nats' }).waitFor();
    await window.page.keyboard.press('Enter');
    const panel = await window.panelFrame();
    await firstFrame(panel);
    assert.match(await panel.locator('header h1').innerText(), /tale\.txt · RNN \(tanh\) 1 × 8/);
    assert.match(await panel.locator('header').innerText(), /step 20/);
    // Side by side: the next trial is chosen from the same picture.
    await canvas.waitFor();
    await page.locator('.readout', { hasText: 'gain 0.5, kind rnn' }).waitFor();
    await window.picture('sweep-trial');
  });

  it('compares trials that are picked in it: what is open as it is, the others opened, each by its settings', async () => {
    const canvas = page.locator('canvas[data-figure="sweep"]');
    await canvas.focus();
    for (const key of ['Home', 'ArrowDown', 'Space', 'ArrowRight', 'Space']) await window.page.keyboard.press(key);
    await page
      .locator('.said-picked', { hasText: '2 trials picked: kind rnn, gain 0.5 · kind rnn, gain 1.' })
      .waitFor();
    await page.locator('[data-action="compare-trials"]').click();
    const compared = await window.panelFrame('[data-figure="compared"]');
    await firstFrame(compared);
    assert.equal(await compared.locator('.comparison h1').innerText(), 'Trials of sweep-tale');
    const names = await namesIn(compared);
    assert.equal(names.length, 2);
    for (const [i, gain] of ['0.5', '1'].entries()) assert.ok(names[i].endsWith(`gain ${gain}`), names.join(' | '));
    assert.ok((await picture(compared, 'compared')).colors > 3);
    // What was picked is still there, to be changed.
    await page.locator('.said-picked', { hasText: '2 trials picked' }).waitFor();
    await window.picture('sweep-compared');
    await window.page.locator('.tabs-container .tab', { hasText: 'Trials of sweep-tale' }).click();
    await window.page.keyboard.press('Control+w');
  });

  it('compares recordings of a function of one’s own by the tokens that they have read, without a text', async () => {
    const own = new SweepOnDisk(join(workspace.folder, 'runs/sweep-own'));
    own.write('sweep.json', sweepJson({ grid: { lr: ['0.1', '0.2'] }, corpus: join(workspace.folder, 'train.py') }));
    for (const [i, lr] of ['0.1', '0.2'].entries()) {
      const name = `000${i + 1}_lr=${lr}_seed=1`;
      new GrowingRecording('lstm', join(own.path, 'trials', name, 'run'), codeServer().project).add(2 + 2 * i);
      own.write(`trials/${name}/result.json`, doneJson());
    }
    await window.runCommand('View: Close All Editors');
    await window.runCommand('Backflow: Open Sweep…');
    await window.pick('sweep-own');
    page = await window.panelFrame('[data-figure="sweep"]');
    await described(/2 cells, 2 with a value/);
    await page.locator('canvas[data-figure="sweep"]').focus();
    for (const key of ['Home', 'Space', 'ArrowRight', 'Space']) await window.page.keyboard.press(key);
    await page.locator('.said-picked', { hasText: '2 trials picked: lr 0.1 · lr 0.2.' }).waitFor();
    await page.locator('[data-action="compare-trials"]').click();
    const compared = await window.panelFrame('[data-figure="compared"]');
    await firstFrame(compared);
    const names = await namesIn(compared);
    assert.deepEqual(
      names.map((name) => /lr 0\.\d$/.exec(name)?.[0]),
      ['lr 0.1', 'lr 0.2'],
    );
    assert.equal(await compared.locator('.comparison .runs .failure').count(), 0);
    await window.picture('sweep-compared-recordings');
    await window.runCommand('View: Close All Editors');
    await window.runCommand('Backflow: Open Sweep…');
    await window.pick('sweep-tale');
    page = await window.panelFrame('[data-figure="sweep"]');
  });

  it('says in a sentence why its file cannot be read, and is there again when it can', async () => {
    const whole = sweepJson({ grid, steps: 20 });
    sweep.write('sweep.json', whole.slice(0, 40));
    await page.locator('.failure', { hasText: 'broken, or only half written' }).waitFor();
    sweep.write('sweep.json', whole.replace('"version":1', '"version":9'));
    await page.locator('.failure', { hasText: 'in version 9 of its format' }).waitFor();
    sweep.write('sweep.json', whole);
    await described(/horizon over kind/);
  });
});
