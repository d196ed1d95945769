/** `backflow train --tensorboard`: files of whole records; what stands in them is compared by TensorBoard's own reader in bench/peer/tensorboard_read.py. */
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../../../src/formats/tensorboard/crc32c';
import { backflow } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

/** The data of each record; asserts that lengths and checksums are right and nothing is left. */
function recordsIn(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(unmasked(file.readUInt32LE(at + 8)), crc32c(file.subarray(at, at + 8)));
    assert.equal(unmasked(file.readUInt32LE(at + 12 + length)), crc32c(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** As TensorFlow's `crc32c::Unmask`. */
function unmasked(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

describe('backflow train --tensorboard', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  it('writes every step, horizons and gradients by lag; a resumed run adds a file', async () => {
    const options = 'train hello.txt --hidden 8 --window 8 --batch 2 --steps 20 --out events --tensorboard board';
    const first = await backflow(folder, options);
    assert.deepEqual([first.status, first.errors], [0, '']);
    const second = await backflow(folder, 'train --resume events --steps 25 --tensorboard board --json');
    assert.deepEqual([second.status, second.errors], [0, '']);
    const names = (await readdir(join(folder, 'board'))).sort();
    assert.equal(names.length, 2);
    for (const [i, steps] of [20, 5].entries()) {
      assert.match(names[i], /^events\.out\.tfevents\.\d{10}\./);
      const records = recordsIn(await readFile(join(folder, 'board', names[i])));
      const withTag = (tag: string) => records.filter((record) => record.includes(tag)).length;
      assert.ok(records[0].includes('brain.Event:2'));
      // Behind the time, event.proto's fields: `step`, and a session log that starts. It voids what the first file has from there on.
      assert.equal(records[1].subarray(9).toString('hex'), ['10013a020801', '10153a020801'][i]);
      assert.equal(withTag('loss/training'), steps);
      assert.equal(withTag('training/learning rate'), steps);
      // Once at a step, at the last one too: there the run ends just after it was looked at.
      const looks = records.filter((record) => record.includes('gradient/log10 norm at lag 1'));
      const looked = looks.map((record) => record[10]);
      assert.deepEqual(looked, [...new Set(looked)]);
      assert.equal(looked.at(-1), [20, 25][i]);
    }
  });

  it('refuses a folder that cannot be written to before anything is trained', async () => {
    await writeFile(join(folder, 'in-the-way'), '');
    await hello.refuses(
      1,
      /The folder .*in-the-way.* a part of its path is a file/,
      'train hello.txt --steps 5 --out never --tensorboard in-the-way',
    );
    assert.ok(!(await readdir(folder)).includes('never'));
  });
});
