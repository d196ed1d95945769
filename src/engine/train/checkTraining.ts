/** The settings of a training, refused where they enter. */
import { checkInteger } from '../../core/model/config';
import { checkInitialisation } from '../../core/model/initialise';
import { checkClipping } from '../../core/optimize/clip';
import { checkOptimizer } from '../../core/optimize/optimizer';
import { checkSchedule } from '../../core/optimize/schedule';
import type { TrainingSettings } from '../../protocol/settings';

/** Returns the settings, or throws a UserError naming the one that cannot be used, its value and what is allowed. */
export function checkTraining(training: TrainingSettings): TrainingSettings {
  checkInteger('window', training.window, 1, 100_000);
  checkInteger('batch', training.batch, 1, 4096);
  if (training.steps !== null) checkInteger('number of steps', training.steps, 1, 1e9);
  checkOptimizer(training);
  checkSchedule(training);
  checkClipping(training);
  checkInitialisation(training);
  checkInteger('seed', training.seed, 0, 2 ** 31 - 1);
  checkInteger('checkpoint interval', training.checkpointEvery, 1, 1e9);
  checkInteger('validation interval', training.validateEvery, 1, 1e9);
  if (training.threads !== null) checkInteger('number of threads', training.threads, 1, 256);
  return training;
}
