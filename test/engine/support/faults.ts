/** Causing faults, and judging what is left after them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { strict as assert } from 'node:assert';
import type { RunSummary } from '../../../src/protocol/run';
import type { StackSettings, TrainingSettings } from '../../../src/protocol/settings';
import { requestFor, startEngine, type TestEngine } from './engineProcess';

export const pangrams = 'the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. '.repeat(
  20,
);

/** The seed of this run of a test, printed so that what it found can be found again: BACKFLOW_SEED=N. */
export function chosenSeed(): number {
  const seed = Number(process.env['BACKFLOW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`      seed ${seed}\n`);
  return seed;
}

/** A test that stops processes, lets them continue, or ends them by this signal or that, which Windows does not know. */
export function itWithSignals(title: string, test: () => Promise<void>): void {
  if (process.platform === 'win32')
    process.stdout.write(`      NOT TESTED on Windows, which has no signals: ${title}\n`);
  else it(title, test);
}

/** Trains in an engine of its own, from the beginning to the end. */
export async function trainToEnd(
  run: string,
  settings: Partial<TrainingSettings>,
  model: Partial<StackSettings> = {},
): Promise<RunSummary> {
  const engine = startEngine();
  try {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, run, settings, model));
    return await finished;
  } finally {
    await end(engine);
  }
}

export async function end(engine: TestEngine): Promise<void> {
  engine.child.kill('SIGKILL');
  await engine.exited;
}

/** Both runs end with the same weights, the same optimizer and the same metrics, to the bit. */
export function assertSameRun(a: string, b: string, step: number): void {
  for (const file of [`checkpoints/step-${step}.onnx`, `checkpoints/step-${step}.safetensors`]) {
    assert.ok(readFileSync(join(a, file)).equals(readFileSync(join(b, file))), `${file} is the same`);
  }
  assert.deepEqual(lossesOf(b), lossesOf(a));
}

/** Step → loss, the later of two lines of one step. */
export function lossesOf(run: string): Map<number, unknown> {
  const losses = new Map<number, unknown>();
  for (const line of readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')) {
    try {
      const { step, loss } = JSON.parse(line) as { step: number; loss?: number };
      if (loss !== undefined) losses.set(step, loss);
    } catch {
      // Torn by the kill.
    }
  }
  return new Map([...losses].sort(([x], [y]) => x - y));
}

/** Resolves when a run has saved something newer than this step. */
export async function checkpointAfter(run: string, step: number): Promise<void> {
  while ((checkpointSteps(run).at(-1) ?? 0) <= step) await wait(5);
}

/**
 * Lets a run without an end go on past its next checkpoint, and stops it. A run that has an end can reach it before a slow machine's test has
 * done anything to it. Returns the step.
 */
export async function stopLater(engine: TestEngine, run: string): Promise<number> {
  await checkpointAfter(run, checkpointSteps(run).at(-1) ?? 0);
  const { step } = await engine.calls.call('stop', null);
  await end(engine);
  return step;
}

/** Oldest first; none where the run has no folder for them yet. */
export function checkpointSteps(run: string): number[] {
  if (!existsSync(join(run, 'checkpoints'))) return [];
  const steps = readdirSync(join(run, 'checkpoints')).flatMap((name) => /^step-(\d+)\.onnx$/.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}
