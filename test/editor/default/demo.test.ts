/** What `npm start` opens: one run in one window, and every other window on its address shows the same. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { removeFolder } from '../../support/removeFolder';
import { defaultCodeServer, type CodeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, runsIn } from '../harness/panel';

// The first file, by its name: a window of another server takes away the cookie of those that are open, whose webviews are then refused what they show.
describe('npm start', () => {
  /** In the project's clone, as a person's is. */
  const place = join(defaultCodeServer().project, '.vscode-test/demo-test');
  let program: ChildProcess;
  let server: CodeServer;
  let folder: string;
  const windows: EditorWindow[] = [];
  let run: string;

  before(async () => {
    await removeFolder(place);
    // Beside the two extensions of the demo that which lets engines rest.
    const extensions = join(place, 'start/extensions');
    mkdirSync(extensions, { recursive: true });
    symlinkSync(
      join(defaultCodeServer().project, 'test/editor/resting'),
      join(extensions, 'backflow.backflow-resting-0.0.0'),
    );
    const start = [join(defaultCodeServer().project, 'scripts/start.mjs'), '--editor', 'server', '--folder', place];
    program = spawn(process.execPath, start, { stdio: ['ignore', 'pipe', 'inherit'] });
    const address = await printedAddress(program);
    server = { ...defaultCodeServer(), address };
    folder = new URL(address).searchParams.get('folder') ?? '';
  });

  after(async () => {
    for (const window of windows) await window.close();
    program.kill('SIGINT');
    if (program.exitCode === null) await once(program, 'exit');
    await removeFolder(place);
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    for (const [i, window] of windows.entries())
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}-${i + 1}`);
  });

  /** Each in a browser of its own, which remembers nothing of the others. */
  const open = async () => {
    const window = await EditorWindow.open({ folder, server });
    windows.push(window);
    return window;
  };
  const title = (panel: FrameLocator) => panel.locator('header h1').innerText();
  const showsTale = async (window: EditorWindow) => {
    await window.tab('tale.txt').waitFor();
    await window.page.locator('.view-line', { hasText: 'The Clock That Ran Backwards' }).waitFor();
  };

  it('trains on the tale in its first window', async () => {
    const first = await open();
    await showsTale(first);
    const panel = await first.panelFrame();
    await moreFrames(panel, 2);
    assert.match(await title(panel), /tale\.txt · LSTM 1 × 64/);
    assert.equal(runsIn(folder).length, 1);
    [run] = runsIn(folder);
  });

  it('shows the same text and the same run in a second window, while the first goes on', async () => {
    const second = await open();
    await showsTale(second);
    const panel = await second.panelFrame();
    await panel.locator('header .state[data-state="stopped"]').waitFor();
    await firstFrame(panel);
    const firstPanel = await windows[0].panelFrame();
    assert.equal(await title(panel), await title(firstPanel));
    await moreFrames(firstPanel, 2);
    await firstPanel.locator('header .state[data-state="running"]').waitFor();
    assert.deepEqual(runsIn(folder), [run]);
    await second.picture('demo-second-window');
  });

  it('shows it again in a window that is loaded anew, and begins no other run', async () => {
    // The one that began the run; the other has been loaded when the run was there already.
    const [window] = windows;
    await window.reload();
    await showsTale(window);
    const panel = await window.panelFrame();
    await panel.locator('header .state[data-state="stopped"]').waitFor();
    assert.match(await title(panel), /tale\.txt · LSTM 1 × 64/);
    assert.deepEqual(runsIn(folder), [run]);
  });

  it('asks nothing', async () => {
    for (const [i, window] of windows.entries()) {
      await window.picture(`demo-${i + 1}`);
      assert.deepEqual(await window.notifications.shown('').allInnerTexts(), []);
      assert.equal(await window.page.locator('.monaco-dialog-box').count(), 0);
      assert.deepEqual(window.errors, []);
    }
  });
});

/** The address that it prints for a browser. */
async function printedAddress(program: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    program.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const [address] = /http:\S+(?=\s)/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    program.once('exit', (code) => reject(new Error(`npm start ended (exit code ${code}) and said:\n${said}`)));
  });
}
