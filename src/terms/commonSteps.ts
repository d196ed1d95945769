/** Training steps at which runs that are compared are looked at, all at the same ones, whatever their pace: sixteen in every doubling, so that they stay few. */

const perDoubling = 16;

/** Of those at which what takes longer is looked at. */
const seldomPerDoubling = 4;

/** Whether this is one of them: every step up to 32, every second one up to 64, every fourth one up to 128, … */
export function isCommonStep(step: number): boolean {
  return isEvenly(step, perDoubling);
}

/** Whether it is one of the fewer common steps at which spectra of the state are looked at: every step up to 8, every second one up to 16, … */
export function isCommonStepOfSpectra(step: number): boolean {
  return isEvenly(step, seldomPerDoubling);
}

/** @param each a power of two */
function isEvenly(step: number, each: number): boolean {
  return step < 2 * each || step % 2 ** (Math.floor(Math.log2(step)) - Math.log2(each)) === 0;
}
