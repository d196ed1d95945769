/** The engine of a workspace's only run, as a process of this machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runsIn } from './panel';

/** Its process id: it holds the run's lock. */
export function engineOf(folder: string): number {
  const [run] = runsIn(folder);
  return (JSON.parse(readFileSync(join(folder, '.backflow/runs', run, 'lock'), 'utf8')) as { pid: number }).pid;
}

/** Does something while the engine can answer nothing, so that what happens meanwhile has not waited for it. */
export async function withStoppedEngine(folder: string, job: () => Promise<void>): Promise<void> {
  const engine = engineOf(folder);
  process.kill(engine, 'SIGSTOP');
  try {
    await job();
  } finally {
    process.kill(engine, 'SIGCONT');
  }
}
