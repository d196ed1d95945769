/** How fast it is where people feel it: the first frame, the frames after it, and the editor meanwhile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { framesDrawn, longText, moreFrames } from '../harness/panel';
import { busyBetween, type BusyTime } from '../harness/busyTime';
import { makeWorkspace, type Workspace } from '../harness/workspace';

const megabyte = 1_000_000;
/** Milliseconds. */
const firstFrameLimit = 3000;
const mostAttempts = 3;
/** Frames a second: far under what is seen (10 to 16 on two cores), far over a stall. */
const fewestWhileTraining = 5;

function print(line: string): void {
  process.stdout.write(`    ${line}\n`);
}

function said({ max, p99, busiest }: BusyTime): string {
  return `event loop late by ${max.toFixed(1)} ms at most, ${p99.toFixed(1)} ms in 99 %; longest computation ${busiest.toFixed(1)} ms`;
}

describe('speed, on a text of 1 MB with T = 256 and H = 128', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const { project } = codeServer();
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    workspace = makeWorkspace({ 'long.txt': longText(tale, megabyte) }, { settings: { 'backflow.model.hiddenSize': 128, 'backflow.probe.tokens': 256 } });
    window = await EditorWindow.open({ folder: workspace.folder });
    await window.openFile('long.txt');
    // The editor's own start is over.
    await window.page.waitForTimeout(5000);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window.screenshot('failed-speed');
  });

  after(async () => {
    await window.close();
    await workspace.remove();
  });

  it('draws the first frame within 3 s of the command', async () => {
    // These machines have two cores and neighbours: an attempt that was disturbed is made again, and all are printed.
    const times: number[] = [];
    while (times.length < mostAttempts && !times.some((time) => time < firstFrameLimit)) {
      if (times.length > 0) await startOver();
      await window.runCommand('Backflow: Train on This File');
      const chosen = Date.now();
      const panel = await window.panelFrame('[data-figure="flow"]');
      await moreFrames(panel, 1);
      times.push(Date.now() - chosen);
    }
    print(`first frame: ${times.join(', ')} ms after the command was chosen`);
    assert.ok(Math.min(...times) < firstFrameLimit, `the first frame took ${times.join(', ')} ms`);
  });

  /** Ends the run and closes its panel, so that the next command begins where the first did. */
  async function startOver(): Promise<void> {
    await window.runCommand('Backflow: Stop');
    await window.runCommand('View: Close All Editors');
    await window.openFile('long.txt');
    await window.page.waitForTimeout(3000);
  }

  it('goes on drawing while it trains', async () => {
    // Here training, the window's own drawing without a graphics processor and the Code server share two cores. What the page can
    // draw by itself, at least 20 frames a second, is tested in test/webview.
    const panel = await window.panelFrame('[data-figure="flow"]');
    await moreFrames(panel, 20);
    const seconds = 8;
    const before = await framesDrawn(panel);
    const began = Date.now();
    await window.page.waitForTimeout(seconds * 1000);
    const rate = ((await framesDrawn(panel)) - before) / ((Date.now() - began) / 1000);
    print(`frames while training, everything on these cores: ${rate.toFixed(1)} a second`);
    assert.ok(rate >= fewestWhileTraining, `the panel drew ${rate.toFixed(1)} frames a second`);
  });

  it('keeps the extension host free: never busy for 50 ms while training and drawing', async () => {
    const panel = await window.panelFrame('[data-figure="flow"]');
    const attempts: Watched[] = [];
    while (attempts.length < mostAttempts && !attempts.some(isFree)) {
      const watched = await watch(panel);
      attempts.push(watched);
      print(`extension host, training, ${watched.frames} frames: ${said(watched.during)}`);
      print(`an idle process beside it, while training: event loop late by ${watched.noise.toFixed(1)} ms at most`);
    }
    await window.runCommand('Backflow: Stop');
    await window.page.waitForTimeout(2000);
    const still = Date.now();
    await window.page.waitForTimeout(6000);
    const idle = busyBetween(still, Date.now());
    print(`extension host, nothing to do: ${said(idle)}`);
    for (const { frames, during } of attempts) {
      assert.ok(frames >= 20, `only ${frames} frames were drawn meanwhile`);
      assert.ok(during.busiest < 50, `the extension host computed for ${during.busiest.toFixed(1)} ms at a time`);
    }
    assert.ok(attempts.some(isFree), 'the event loop was late, longer than an idle process’s, in every attempt');
  });

  interface Watched {
    readonly during: BusyTime;
    /** Milliseconds by which an idle process was late meanwhile. */
    readonly noise: number;
    readonly frames: number;
  }

  /** Ten seconds of training and drawing. */
  async function watch(panel: FrameLocator): Promise<Watched> {
    const from = Date.now();
    const before = await framesDrawn(panel);
    // What the machine itself does to a process that has nothing to do, at the same time: this one.
    const machine = monitorEventLoopDelay({ resolution: 5 });
    machine.enable();
    await window.page.waitForTimeout(10_000);
    machine.disable();
    return { during: busyBetween(from, Date.now()), noise: machine.max / 1e6 - 5, frames: (await framesDrawn(panel)) - before };
  }

  /** Lateness is also the wait for a processor that others have, so it is judged beside a process that has nothing to do. */
  function isFree({ during, noise }: Watched): boolean {
    return during.p99 < 50 + noise;
  }
});
