/** The command line: the built program as a shell starts it, and the same commands in this process. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { chdir, cwd } from 'node:process';
import { Writable } from 'node:stream';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { main } from '../../../src/terminal/main';

// As the program does.
enableRelaxedSimd();

export const program = resolve('dist/cli.js');

export interface Outcome {
  readonly status: number | null;
  /** What ended it, when it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

/** The words of a line, which has no quotes; none of an empty one. */
export function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

const environment = () => ({ ...process.env, NO_COLOR: '', FORCE_COLOR: '' });

/** Started in `folder`, without colors. `line` is split at its spaces; the arguments after it, which can hold some, are passed as they are. */
export function start(folder: string, line: string, ...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program, ...words(line), ...args], {
    cwd: folder,
    env: { ...environment(), NODE_OPTIONS: '' },
  });
}

/** What it wrote, when it has ended. */
export async function outcome(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status, signal, output, errors };
}

/** Runs the program to its end; the arguments are those of `start`. */
export function backflowProcess(folder: string, line: string, ...args: string[]): Promise<Outcome> {
  return outcome(start(folder, line, ...args));
}

/** What `backflowProcess` does, by the same code in this process: to start a program, hundreds of times, takes longer than most of what these are asked. */
export async function backflow(folder: string, line: string, ...args: string[]): Promise<Outcome> {
  const [output, errors] = [new Collected(), new Collected()];
  const context = { output, errors, environment: environment(), stop: new AbortController().signal };
  const status = await inFolder(folder, () => main([...words(line), ...args], context));
  return { status, signal: null, output: output.text, errors: errors.text };
}

/** The command line resolves paths when it reads its arguments, before it waits for anything. */
function inFolder<T>(folder: string, job: () => T): T {
  const before = cwd();
  chdir(folder);
  try {
    return job();
  } finally {
    chdir(before);
  }
}

class Collected extends Writable {
  text = '';

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += text;
    done();
  }
}

export function parseLines(output: string): Record<string, unknown>[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
