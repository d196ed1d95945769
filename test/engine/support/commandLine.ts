/** The built command line as a child process, as a shell starts it. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

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

/** Started in `folder`, without colors. `line` is split at its spaces; the arguments after it, which can hold some, are passed as they are. */
export function start(folder: string, line: string, ...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program, ...words(line), ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '', NODE_OPTIONS: '' },
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

/** Runs it to its end; the arguments are those of `start`. */
export function backflow(folder: string, line: string, ...args: string[]): Promise<Outcome> {
  return outcome(start(folder, line, ...args));
}

export function parseLines(output: string): Record<string, unknown>[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
