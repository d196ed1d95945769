/** Quiet moments around a hover, on a clock that only the test moves. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Quiet } from '../../../../src/editor/panel/quiet';

/** Milliseconds that an outcome has to be shown, and after which a quiet moment ends in any case. */
const toShow = 100;
const longest = 1000;

describe('quiet moments', () => {
  let quiet: Quiet;
  let ends: number;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    quiet = new Quiet();
    ends = 0;
    quiet.onDidEnd(() => ends++);
  });

  afterEach(() => {
    quiet.dispose();
    mock.timers.reset();
  });

  it('last until the last of the works that overlap can be seen, and end once', async () => {
    let finish: () => void = () => undefined;
    const slow = quiet.during(() => new Promise<void>((resolve) => (finish = resolve)));
    assert.equal(await quiet.during(() => Promise.resolve(7)), 7);
    mock.timers.tick(2 * toShow);
    assert.ok(quiet.isOn, 'the slow one goes on');
    finish();
    await slow;
    mock.timers.tick(toShow - 1);
    assert.ok(quiet.isOn, 'its outcome is still to be shown');
    mock.timers.tick(1);
    assert.deepEqual([quiet.isOn, ends], [false, 1]);
    mock.timers.tick(2 * longest);
    assert.equal(ends, 1);
  });

  it('end also when the work fails', async () => {
    await assert.rejects(quiet.during(() => Promise.reject(new Error('canceled'))), /canceled/);
    assert.ok(quiet.isOn);
    mock.timers.tick(toShow);
    assert.deepEqual([quiet.isOn, ends], [false, 1]);
  });

  it('end after a second at the latest, however many works follow each other', async () => {
    const each = toShow / 2;
    for (let time = 0; time < longest; time += each) {
      assert.equal(ends, 0, `after ${time} ms`);
      await quiet.during(() => Promise.resolve());
      mock.timers.tick(each);
    }
    assert.equal(ends, 1);
  });
});
