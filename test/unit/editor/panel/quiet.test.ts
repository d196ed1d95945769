/** Quiet moments around a hover. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { Quiet } from '../../../../src/editor/panel/quiet';

describe('quiet moments', () => {
  it('last until the last of the works that overlap can be seen, and end once', async () => {
    const quiet = new Quiet();
    let ends = 0;
    quiet.onDidEnd(() => ends++);
    let finish: () => void = () => undefined;
    const slow = quiet.during(() => new Promise<void>((resolve) => (finish = resolve)));
    assert.equal(await quiet.during(() => Promise.resolve(7)), 7);
    await wait(200);
    assert.ok(quiet.isOn, 'the slow one goes on');
    finish();
    await slow;
    assert.ok(quiet.isOn, 'its outcome is still to be shown');
    while (quiet.isOn) await wait(10);
    assert.equal(ends, 1);
    quiet.dispose();
  });

  it('end also when the work fails, and after a second at the latest however many follow each other', async () => {
    const quiet = new Quiet();
    const ends: number[] = [];
    quiet.onDidEnd(() => ends.push(performance.now()));
    await assert.rejects(quiet.during(() => Promise.reject(new Error('cancelled'))), /cancelled/);
    while (ends.length < 1) await wait(10);
    const began = performance.now();
    while (ends.length < 2) await quiet.during(() => wait(20));
    assert.ok(ends[1] - began > 900, `it ended after ${ends[1] - began} ms`);
    quiet.dispose();
  });
});
