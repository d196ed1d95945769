/** That the program does what its commands do in this process, where most tests of the command line run them: the same status, output, errors and files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backflow, backflowProcess, parseLines } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

describe('the program', () => {
  let folder: string;

  before(async () => {
    folder = (await HelloFolder.shared()).path;
  });

  for (const line of [
    '',
    '--version',
    'train --help',
    'train missing.txt',
    'train hello.txt --hidden 0',
    'inspect hello --text probe.txt',
    'inspect hello --text probe.txt --json --spectrum',
    'sample hello --tokens 40 --seed 3',
    'export hello --json --out exported.onnx',
  ])
    it(`backflow ${line}`, async () => {
      const expected = await backflow(folder, line);
      assert.deepEqual(await backflowProcess(folder, line), expected);
      await rm(join(folder, 'exported.onnx'), { force: true });
    });

  it('trains the same model', async () => {
    const train = 'train hello.txt --hidden 8 --window 8 --batch 2 --steps 5 --seed 3 --json --out';
    const here = await backflow(folder, `${train} here`);
    const apart = await backflowProcess(folder, `${train} apart`);
    for (const { status, errors, output } of [here, apart]) {
      assert.deepEqual([status, errors], [0, '']);
      assert.equal(parseLines(output).filter(({ event }) => event === 'step').length, 5);
    }
    const model = (run: string) => readFileSync(join(folder, run, 'checkpoints/step-5.onnx'));
    assert.deepEqual(model('apart'), model('here'));
    for (const run of ['here', 'apart']) await rm(join(folder, run), { recursive: true });
  });
});
