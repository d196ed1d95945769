/** Training steps at which runs that are compared are looked at, all at the same ones, whatever their pace: sixteen in every doubling, so that they stay few. */

const perDoubling = 16;

/** Whether this is one of them: every step up to 32, every second one up to 64, every fourth one up to 128, … */
export function isCommonStep(step: number): boolean {
  return step < 2 * perDoubling || step % 2 ** (Math.floor(Math.log2(step)) - Math.log2(perDoubling)) === 0;
}
