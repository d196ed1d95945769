/** A folder with a run that has learned `hello`, for tests of the command line. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backflow, parseLines } from './commandLine';

let shared: Promise<HelloFolder> | null = null;

after(async () => {
  if (shared !== null) await rm((await shared).path, { recursive: true });
});

export class HelloFolder {
  private constructor(
    /** Absolute path; the run is in `hello`, the text in `hello.txt`, and `probe.txt` is what to look at. */
    readonly path: string,
    /** What the training printed. */
    readonly lines: Record<string, unknown>[],
  ) {}

  /** Made when first asked for, and removed with the last test: each test leaves in it what it found. */
  static shared(): Promise<HelloFolder> {
    shared ??= HelloFolder.make();
    return shared;
  }

  private static async make(): Promise<HelloFolder> {
    const path = await mkdtemp(join(tmpdir(), 'backflow-cli-'));
    await writeFile(join(path, 'hello.txt'), 'hello '.repeat(400));
    await writeFile(join(path, 'probe.txt'), 'hello hello hello h');
    const { status, output, errors } = await backflow(
      path,
      'train hello.txt --hidden 32 --layers 2 --window 16 --batch 4 --steps 300 --checkpoint-every 100 --out hello --json',
    );
    assert.equal(errors, '');
    assert.equal(status, 0);
    return new HelloFolder(path, parseLines(output));
  }

  /** `line` and `args` as for `backflow`. One line on standard error that says this, nothing on standard output, this exit status, and nothing written. */
  async refuses(status: 1 | 2, sentence: RegExp, line: string, ...args: string[]): Promise<void> {
    const before = await this.files();
    const result = await backflow(this.path, line, ...args);
    assert.match(result.errors, sentence);
    assert.match(result.errors, /^backflow: .*\n$/, 'one line');
    assert.equal(result.output, '');
    assert.equal(result.status, status);
    assert.deepEqual(await this.files(), before);
  }

  files(): Promise<string[]> {
    return readdir(this.path, { recursive: true });
  }
}
