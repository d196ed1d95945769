import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { EngineCalls, EngineEvents, MatrixRowsRequest } from '../../../src/protocol/engine';
import type { Caller } from '../../../src/protocol/rpc';
import { rowsOfBoth } from '../../../src/terminal/secondEngine';

type Engine = Pick<Caller<EngineCalls, EngineEvents>, 'call'>;

const steps = 23;
const size = 4;

/** Row τ is filled with τ. @param wait milliseconds a block takes */
function engineOf(wait: number, fails: (from: number) => boolean = () => false): { engine: Engine; blocks: number[] } {
  const blocks: number[] = [];
  const call = async (_method: string, request: unknown) => {
    const { from } = request as MatrixRowsRequest;
    blocks.push(from);
    await setTimeout(wait);
    if (fails(from)) throw new Error('gone');
    const count = Math.min(size, steps - from);
    return Float64Array.from({ length: count * steps }, (_, i) => from + Math.floor(i / steps));
  };
  return { engine: { call: call as unknown as Engine['call'] }, blocks };
}

async function rowsFrom(first: Engine, second: Engine | null): Promise<number[]> {
  const rows: number[] = [];
  for await (const part of rowsOfBoth(first, second, 'text', steps)('matrix'))
    for (let at = 0; at < part.length; at += steps) rows.push(part[at]);
  return rows;
}

describe('the rows of a matrix from two engines', () => {
  const expected = Array.from({ length: steps }, (_, row) => row);

  it('come in order, each block once, whichever is faster', async () => {
    for (const [a, b] of [
      [0, 0],
      [0, 5],
      [5, 0],
    ]) {
      const [first, second] = [engineOf(a), engineOf(b)];
      assert.deepEqual(await rowsFrom(first.engine, second.engine), expected);
      assert.deepEqual(
        [...first.blocks, ...second.blocks].sort((x, y) => x - y),
        [0, 4, 8, 12, 16, 20],
      );
      assert.ok(second.blocks.length > 0);
    }
  });

  it('come from the first alone where there is no second, or it ends', async () => {
    assert.deepEqual(await rowsFrom(engineOf(0).engine, null), expected);
    for (const last of [-1, 4, 12])
      assert.deepEqual(await rowsFrom(engineOf(0).engine, engineOf(1, (from) => from > last).engine), expected);
  });

  it('end with the first engine’s refusal', async () => {
    await assert.rejects(rowsFrom(engineOf(0, () => true).engine, engineOf(0).engine), /gone/);
    await assert.rejects(rowsFrom(engineOf(0, (from) => from > 8).engine, null), /gone/);
  });
});
