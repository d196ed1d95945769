/**
 * The learning rate of every step: a warm-up, then constant, along a cosine or in steps. It follows from the step's number and the
 * settings alone, so that a resumed run has nothing to restore.
 */
import { checkInteger } from '../model/config';
import { schedules, type ScheduleName } from '../../terms/choices';
import { UserError } from '../../userError';

export interface ScheduleSettings {
  /** η: the largest, which the warm-up leads to. */
  readonly learningRate: number;
  /** n: steps of the run in all, or null for no end. The cosine needs it. */
  readonly steps: number | null;
  readonly schedule: ScheduleName;
  /** w: steps of the warm-up, 0 for none. */
  readonly warmupSteps: number;
  /** `cosine`: what the learning rate falls to, as a fraction of η. */
  readonly finalFraction: number;
  /** `step`: after every `decaySteps` steps the learning rate is multiplied by `decayFactor`. */
  readonly decaySteps: number;
  readonly decayFactor: number;
}

/**
 * The learning rate of the step that `done` steps stand before (the first: done = 0); s = done − w are those after the warm-up.
 *   warm-up    η (done + 1) / w  while done < w
 *   constant   η
 *   cosine     η (f + (1 − f) (1 + cos π s / (n − w)) / 2), f the final fraction, which the end of the run reaches (Loshchilov &
 *              Hutter 2017 without restarts; PyTorch's CosineAnnealingLR with T_max = n − w). A run resumed for more steps continues
 *              along the longer cosine.
 *   step       η · decayFactor^⌊s / decaySteps⌋ (PyTorch's StepLR)
 */
export function learningRateAt(settings: ScheduleSettings, done: number): number {
  const { learningRate, schedule, warmupSteps } = settings;
  if (done < warmupSteps) return (learningRate * (done + 1)) / warmupSteps;
  const after = done - warmupSteps;
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'cosine': {
      const length = (settings.steps ?? Infinity) - warmupSteps;
      const progress = after < length ? after / length : 1;
      const fraction = (1 + Math.cos(Math.PI * progress)) / 2;
      return learningRate * (settings.finalFraction + (1 - settings.finalFraction) * fraction);
    }
    case 'step':
      return learningRate * settings.decayFactor ** Math.floor(after / settings.decaySteps);
  }
}

/** Throws a UserError where a setting cannot be used. */
export function checkSchedule({
  learningRate,
  steps,
  schedule,
  warmupSteps,
  finalFraction,
  decaySteps,
  decayFactor,
}: ScheduleSettings): void {
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new UserError('error.setting.learningRate', String(learningRate));
  }
  if (!schedules.includes(schedule)) {
    throw new UserError('error.setting.scheduleUnknown', schedule);
  }
  if (schedule === 'cosine' && steps === null) {
    throw new UserError('error.setting.cosineWithoutSteps');
  }
  checkInteger('quantity.warmupSteps', warmupSteps, 0, 1e9);
  checkInteger('quantity.decaySteps', decaySteps, 1, 1e9);
  if (!(finalFraction >= 0 && finalFraction <= 1)) {
    throw new UserError('error.setting.finalFraction', String(finalFraction));
  }
  if (!(decayFactor > 0 && decayFactor <= 1)) {
    throw new UserError('error.setting.decayFactor', String(decayFactor));
  }
}
