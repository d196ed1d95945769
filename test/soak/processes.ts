/** What this machine's processes use, as Linux tells it in /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Process {
  readonly pid: number;
  readonly parent: number;
}

/** Processes that run this program file and have this folder for temporary files: those of other editors at work on this machine have not. */
export function running(program: string, temporary: string): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(program)) return [];
        if (!readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`TMPDIR=${temporary}`)) return [];
        const parent = parentOf(name);
        return parent === null ? [] : [{ pid: Number(name), parent }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

/** Bytes of memory that belong to a process alone or are shared with others. */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Processes that this one has started, and those they have started, and so on. */
export function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
  const below = (parent: number): number[] =>
    parents.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function parentOf(pid: string): number | null {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** What lies in a folder for temporary files, and what the writing of a run has left half done. */
export function temporaryFiles(folder: string, workspace: string): number {
  const ofRuns = readdirSync(join(workspace, '.backflow'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(tmp|unfinished)$/.test(name),
  );
  return readdirSync(folder, { recursive: true }).length + ofRuns.length;
}
