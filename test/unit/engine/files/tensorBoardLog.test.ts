import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TensorBoardLog } from '../../../../src/engine/files/tensorBoardLog';

describe('files of events for TensorBoard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-events-'));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('have names in the order in which they were begun, within a second and with a clock that is set back', () => {
    const begun: string[] = [];
    for (const now of [1_700_000_000_987, 1_700_000_000_987, 1_700_000_000_990, 1_600_000_000_000, 1_800_000_000_000]) {
      new TensorBoardLog(folder, () => now);
      begun.push(...readdirSync(folder).filter((name) => !begun.includes(name)));
    }
    assert.equal(begun.length, 5);
    assert.deepEqual(begun, begun.toSorted());
    assert.match(begun[0], /^events\.out\.tfevents\.1700000000\./);
    assert.match(begun[4], /^events\.out\.tfevents\.1800000000\./);
  });
});
