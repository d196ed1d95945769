/** Priority of a hover over the panels, on a clock that only the test moves. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { HoverPriority } from '../../../../src/editor/panel/hoverPriority';

/** Milliseconds that an outcome has to be shown, and after which the priority ends in any case. */
const toShow = 100;
const maxDelay = 1000;

describe('a hover’s priority', () => {
  let hoverPriority: HoverPriority;
  let ends: number;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    hoverPriority = new HoverPriority();
    ends = 0;
    hoverPriority.onDidEnd(() => ends++);
  });

  afterEach(() => {
    hoverPriority.dispose();
    mock.timers.reset();
  });

  it('lasts until the last of the works that overlap can be seen, and ends once', async () => {
    let finish: () => void = () => undefined;
    const slow = hoverPriority.during(() => new Promise<void>((resolve) => (finish = resolve)));
    assert.equal(await hoverPriority.during(() => Promise.resolve(7)), 7);
    mock.timers.tick(2 * toShow);
    assert.ok(hoverPriority.isActive, 'the slow one goes on');
    finish();
    await slow;
    mock.timers.tick(toShow - 1);
    assert.ok(hoverPriority.isActive, 'its outcome is still to be shown');
    mock.timers.tick(1);
    assert.deepEqual([hoverPriority.isActive, ends], [false, 1]);
    mock.timers.tick(2 * maxDelay);
    assert.equal(ends, 1);
  });

  it('ends also when the work fails', async () => {
    await assert.rejects(
      hoverPriority.during(() => Promise.reject(new Error('canceled'))),
      /canceled/,
    );
    assert.ok(hoverPriority.isActive);
    mock.timers.tick(toShow);
    assert.deepEqual([hoverPriority.isActive, ends], [false, 1]);
  });

  it('ends after a second at the latest, however many works follow each other', async () => {
    const each = toShow / 2;
    for (let time = 0; time < maxDelay; time += each) {
      assert.equal(ends, 0, `after ${time} ms`);
      await hoverPriority.during(() => Promise.resolve());
      mock.timers.tick(each);
    }
    assert.equal(ends, 1);
  });
});
