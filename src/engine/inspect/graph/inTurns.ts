/** Long computations, with pauses. */
import type { Turns } from '../../../core/graph/turns';

/** Called now and then; throws when the work is canceled. */
export type Pause = () => Promise<void>;

/** Between two pauses, milliseconds. */
const turnLength = 20;

/** Does the work, letting others in now and then. */
export async function inTurns<T>(work: Turns<T>, pause: Pause): Promise<T> {
  let paused = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - paused < turnLength) continue;
    await pause();
    paused = performance.now();
  }
}
