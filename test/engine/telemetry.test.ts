/** What is read here concerns nobody else: the libraries under the engine leave nothing outside the run, and so have nothing to send. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcome, parseLines, program } from './support/commandLine';

describe('telemetry', () => {
  it('is off: a run on ONNX Runtime leaves no identifier in the home folder and no file among the temporary ones', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backflow-home-'));
    try {
      const [home, temporary, run] = ['home', 'tmp', 'run'].map((name) => join(folder, name));
      for (const made of [home, temporary]) await mkdir(made);
      const text = join(folder, 'text.txt');
      await writeFile(text, 'hello '.repeat(200));
      // Nothing of this environment: a CI or a test in it would silence the library by itself.
      const env = {
        PATH: process.env['PATH'],
        SystemRoot: process.env['SystemRoot'],
        HOME: home,
        USERPROFILE: home,
        LOCALAPPDATA: home,
        TMPDIR: temporary,
        TEMP: temporary,
        TMP: temporary,
      };
      const { status, output, errors } = await outcome(
        spawn(
          process.execPath,
          [program, 'train', text, '--hidden', '16', '--steps', '5', '--backend', 'ort', '--out', run, '--json'],
          { cwd: folder, env },
        ),
      );
      assert.equal(errors, '');
      assert.equal(status, 0);
      assert.equal(parseLines(output).at(-1)?.['backend'], 'ort');
      assert.deepEqual(await readdir(home, { recursive: true }), []);
      assert.deepEqual(await readdir(temporary, { recursive: true }), []);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
