/** Clocks around the engine's work. */
import type { Training } from './engine';

/** Seconds that `count` calls take, one after another, and those of processor time that all threads of this process then took. */
export async function costOf(
  work: () => Promise<void>,
  count: number,
): Promise<{ seconds: number; processor: number }> {
  const before = process.cpuUsage();
  const seconds = await timeOf(work, count);
  const { user, system } = process.cpuUsage(before);
  return { seconds, processor: (user + system) / 1e6 };
}

/** Seconds that `count` calls take, one after another. */
export async function timeOf(work: () => Promise<void>, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await work();
  return (performance.now() - start) / 1000;
}

/**
 * Training steps per second alone, and with a frame made between two steps `rate` times a second, each for half of `seconds`, in
 * four alternating stretches.
 */
export async function framesBesideTraining(
  training: Training,
  seconds: number,
  rate: number,
): Promise<{ alone: number; together: number }> {
  const steps = { alone: 0, together: 0 };
  for (const kind of ['alone', 'together', 'together', 'alone'] as const) {
    const start = performance.now();
    const end = start + 250 * seconds;
    let nextFrame = kind === 'together' ? start : Infinity;
    while (performance.now() < end) {
      await training.step();
      steps[kind]++;
      if (performance.now() >= nextFrame) {
        await training.frame();
        nextFrame += 1000 / rate;
      }
    }
  }
  return { alone: (2 * steps.alone) / seconds, together: (2 * steps.together) / seconds };
}
