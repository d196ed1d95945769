// Jobs side by side: as many at once as there are lanes, the longest of those that can begin first, each a process of its own whose output stays together.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './processes.mjs';

/**
 * Runs all jobs and resolves to their exit codes and when they started and ended, in milliseconds, in the jobs' order. What a job prints is shown as it
 * comes where it is the only one, else as a whole when the job has ended.
 * @param {{ name: string, seconds: number, command: string[], after: Promise<void> | null }[]} jobs `seconds`: about how long each takes; the order in
 * which they start follows from it. `after`: what has to be done before; when it fails, so does all.
 * @param {{ lanes: number, began: (name: string) => void, cwd: string }} options
 * @returns {Promise<{ code: number, start: number, end: number }[]>}
 */
export async function runInLanes(jobs, { lanes, began, cwd }) {
  const isAlone = jobs.length === 1 || lanes === 1;
  const folder = mkdtempSync(join(tmpdir(), 'backflow-output-'));
  const isEarlier = (a, b) => (a.after ? 1 : 0) - (b.after ? 1 : 0) || b.seconds - a.seconds;
  const waiting = jobs.map((job, i) => ({ ...job, i })).sort((a, b) => (isAlone ? a.i - b.i : isEarlier(a, b)));
  const outcomes = new Array(jobs.length);
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      await job.after;
      if (!isAlone) began(job.name);
      const start = Date.now();
      const code = await (isAlone ? runJob(job, cwd, 'inherit') : runApart(job, cwd, join(folder, String(job.i))));
      outcomes[job.i] = { code, start, end: Date.now() };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, jobs.length) }, lane));
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runJob({ name, command: [program, ...args] }, cwd, output) {
  process.stdout.write(output === 'inherit' ? heading(name) : '');
  return run(program, args, { cwd, accept: 'any', stdio: ['ignore', output, output] });
}

/** Into a file, which unlike a pipe keeps what a process says that ends itself at once. */
async function runApart(job, cwd, file) {
  const output = openSync(file, 'w');
  try {
    return await runJob(job, cwd, output);
  } finally {
    closeSync(output);
    process.stdout.write(heading(job.name) + readFileSync(file, 'utf8'));
  }
}

function heading(name) {
  return `\n── ${name} ──\n`;
}
