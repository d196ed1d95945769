/** Real file systems that refuse, for tests that must see what happens then. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);

export type Disk = 'full' | 'read-only';

/**
 * Runs `script` (TypeScript, may import from src by absolute path) in a process of its own whose working folder is on a disk that is
 * full (64 kB) or read-only, and gives what it wrote to standard output. The disk is a tmpfs in a mount namespace of that process, so
 * nothing is left behind. Where mounting is not allowed even so, a full disk is stood in for by a limit on a file's size (the write
 * fails half-way too, with EFBIG), and a read-only one by /proc/self, in which nobody can make anything.
 */
export async function onFaultyDisk(disk: Disk, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backflow-disk-'));
  try {
    const program = join(folder, 'script.cjs');
    await build({
      stdin: { contents: script, loader: 'ts', resolveDir: process.cwd() },
      inject: [join(process.cwd(), 'test/support/english.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      outfile: program,
      logLevel: 'silent',
    });
    const options = disk === 'full' ? 'size=64k' : 'ro';
    const shell = (await canMount())
      ? [
          'unshare',
          ...namespaceFlags(),
          'sh',
          '-c',
          `mkdir "$1/disk" && mount -t tmpfs -o ${options} tmpfs "$1/disk" && cd "$1/disk" && exec "$2" "$1/script.cjs"`,
        ]
      : disk === 'full'
        ? ['sh', '-c', 'mkdir "$1/disk" && cd "$1/disk" && trap "" XFSZ && ulimit -f 64 && exec "$2" "$1/script.cjs"']
        : ['sh', '-c', 'cd /proc/self && exec "$2" "$1/script.cjs"'];
    const { stdout } = await run(shell[0], [...shell.slice(1), 'sh', folder, process.execPath]);
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Root needs only a mount namespace; anybody else a user namespace too, in which they are root. */
function namespaceFlags(): string[] {
  return process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
}

async function canMount(): Promise<boolean> {
  try {
    await run('unshare', [...namespaceFlags(), 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]);
    return true;
  } catch {
    return false;
  }
}
