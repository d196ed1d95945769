/** How a training in the terminal ends: by Ctrl-C, and with whoever reads what it prints. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backflow, outcome, parseLines, program, start, words } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

describe('the end of backflow train', () => {
  let folder: string;

  before(async () => {
    folder = (await HelloFolder.shared()).path;
  });
  afterEach(() => rm(join(folder, 'run'), { recursive: true, force: true }));

  /** A run without an end, in `run`. */
  const endless = (size = '--hidden 8 --window 8 --batch 2') => `train hello.txt ${size} --steps none --out run --json`;
  const savedModels = async () =>
    (await readdir(join(folder, 'run', 'checkpoints'))).filter((name) => name.endsWith('.onnx'));

  it('saves a checkpoint on Ctrl-C, and says how it ended', async () => {
    const child = start(folder, endless());
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { status, output, errors } = await outcome(child);
    assert.deepEqual([status, errors], [0, '']);
    const done = parseLines(output).at(-1)!;
    assert.equal(done['event'], 'done');
    assert.ok(existsSync(done['model'] as string));
    assert.equal((await backflow(folder, 'sample run --length 3')).status, 0);
  });

  it('leaves at once on a second Ctrl-C', async () => {
    const child = start(folder, endless('--hidden 256 --window 32 --batch 64'));
    child.stdout.once('data', () => {
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGINT'), 20);
    });
    const { status, signal, output } = await outcome(child);
    // Or it was quick enough to save.
    assert.ok(signal === 'SIGINT' || (status === 0 && output.includes('"done"')), `status ${String(status)}`);
  });

  it('ends, and saves, when nobody reads what it prints', async () => {
    const child = start(folder, endless());
    child.stdout.once('data', () => child.stdout.destroy());
    const { status, errors } = await outcome(child);
    assert.deepEqual([status, errors], [0, '']);
    assert.notDeepEqual(await savedModels(), []);
  });

  it('waits for a slow reader, and loses no step', async () => {
    const child = start(folder, 'train hello.txt --hidden 4 --window 2 --batch 1 --steps 3000 --out run --json');
    // Nothing is read for a while: more than a pipe holds.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const { status, output } = await outcome(child);
    assert.equal(status, 0);
    assert.deepEqual(
      parseLines(output)
        .slice(0, -1)
        .map(({ step }) => step),
      Array.from({ length: 3000 }, (_, i) => i + 1),
    );
  });

  if (process.platform === 'linux') {
    it('says so when its output has no room, and saves', async () => {
      const full = await open('/dev/full', 'w');
      const child = spawn(process.execPath, [program, ...words(endless())], {
        cwd: folder,
        stdio: ['pipe', full.fd, 'pipe'],
      });
      let errors = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
      const status = await new Promise((end) => child.on('close', end));
      await full.close();
      assert.equal(status, 1);
      assert.match(errors, /^backflow: .*no space left.*\n$/i);
      assert.notDeepEqual(await savedModels(), []);
    });
  }
});
