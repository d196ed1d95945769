// Which processes a process has started, and those they have started, as the system reports it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Every process: number, its parent's, and when it began, by which a number that was given again is distinguished from the process that had it. */
function everyProcess() {
  if (process.platform === 'linux')
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(ofLinux);
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,lstart='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter(Boolean)
    .map(([, pid, parent, began]) => ({ pid: Number(pid), parent: Number(parent), began }));
}

function ofLinux(pid) {
  try {
    // proc(5): the second field, in brackets, is the program's name and can hold anything; the fourth is the parent, the 22nd the start.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid: Number(pid), parent: Number(fields[1]), began: fields[19] }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** The processes under this one, itself left out. Windows has no such tree to walk; there nothing is found. */
export function descendants(pid) {
  if (process.platform === 'win32') return [];
  const all = everyProcess();
  const below = (parent) => all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)]);
  return below(pid);
}

/** Kills those of them that still are what they were. */
export function killLeftovers(processes) {
  if (processes.length === 0) return;
  const now = new Map(everyProcess().map(({ pid, began }) => [pid, began]));
  for (const { pid, began } of processes) {
    if (now.get(pid) !== began) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
