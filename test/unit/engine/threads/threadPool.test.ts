/** Threads that run kernels: what is asked of them happens, errors come back, and nothing hangs. */
import { strict as assert } from 'node:assert';
import { createThreadPool, type WorkerThreadPool } from '../../../../src/engine/threads/threadPool';
import { Arena, at } from '../../../../src/kernels/arena';
import { splitStreams } from '../../../../src/kernels/threadPool';

describe('a thread pool', () => {
  let pool: WorkerThreadPool;
  before(() => (pool = createThreadPool(3)));
  after(() => pool.end());

  it('does every part, order after order', () => {
    const arena = Arena.ofSize(2048, { pool });
    const [total, one] = [arena.floats(3 * 64), arena.floats(3 * 64).fill(1)];
    const rounds = 3000;
    for (let round = 0; round < rounds; round++) {
      arena.pool!.run(
        'add',
        [0, 64, 128].map((start) => [at(total, start), at(total, start), at(one, start), 64]),
      );
      // Now and then long enough for the threads to fall asleep.
      if (round % 500 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
    assert.ok(total.every((value) => value === rounds));
    arena.pool!.leave();
  });

  it('works in several arenas, with fewer parts than threads, and with none', () => {
    const arenas = [1, 2].map(() => Arena.ofSize(64, { pool }));
    const arrays = arenas.map((arena) => arena.floats(16).fill(1));
    arenas.forEach((arena, k) => {
      arena.pool!.run('scale', [
        [at(arrays[k]), 8, k + 2],
        [at(arrays[k], 8), 8, k + 3],
      ]);
      arena.pool!.run('scale', []);
    });
    assert.deepEqual(
      arrays.map((array) => [array[0], array[8]]),
      [
        [2, 3],
        [3, 4],
      ],
    );
    for (const arena of arenas) arena.pool!.leave();
  });

  it('throws here what goes wrong in a thread, and goes on working', () => {
    const arena = Arena.ofSize(64, { pool });
    const array = arena.floats(16).fill(1);
    const beyond = 2 ** 32 - 64;
    assert.throws(
      () =>
        arena.pool!.run('scale', [
          [at(array), 4, 2],
          [beyond, 4, 2],
        ]),
      /memory access out of bounds/,
    );
    assert.equal(array[0], 2, 'the other part is done');
    assert.throws(
      () =>
        arena.pool!.run('scale', [
          [beyond, 4, 2],
          [at(array), 4, 2],
        ]),
      /memory access out of bounds/,
    );
    arena.pool!.run('scale', [
      [at(array), 4, 2],
      [at(array, 4), 4, 2],
    ]);
    assert.deepEqual([array[0], array[4]], [8, 2]);
    assert.throws(() => arena.pool!.run('scale', Array<number[]>(4).fill([at(array), 4, 2])), /4 parts/);
    arena.pool!.leave();
    assert.throws(
      () =>
        arena.pool!.run('scale', [
          [at(array), 4, 2],
          [at(array, 4), 4, 2],
        ]),
      /left this arena/,
    );
  });

  it('an arena with a thread pool has shared memory, one without has not', () => {
    const shared = Arena.ofSize(64, { pool });
    assert.ok(shared.floats(4).buffer instanceof SharedArrayBuffer);
    assert.ok(Arena.ofSize(64).floats(4).buffer instanceof ArrayBuffer);
    shared.pool!.leave();
  });

  it('does not keep the process alive', () => {
    const before = process.getActiveResourcesInfo();
    const idle = createThreadPool(2);
    assert.deepEqual(process.getActiveResourcesInfo(), before);
    idle.end();
  });
});

describe('streams are split', () => {
  it('into parts that hold each stream once, differ by little, and are even where they can be', () => {
    for (let B = 1; B <= 70; B++) {
      for (let threads = 1; threads <= 8; threads++) {
        const parts = splitStreams(B, threads);
        assert.ok(parts.length <= threads);
        let next = 0;
        for (const { first, count } of parts) {
          assert.equal(first, next);
          assert.ok(count > 0);
          next += count;
        }
        assert.equal(next, B);
        const counts = parts.map(({ count }) => count);
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 3);
        if (B >= 4 * threads) assert.ok(counts.slice(0, -1).every((count) => count % 2 === 0));
      }
    }
  });
});
