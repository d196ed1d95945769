/** The settings of a training, refused where they enter. */
import { checkInteger, contextOfLayers, sizesOf, type ModelConfig } from '../../core/model/config';
import { kindOf } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import { checkInitialization } from '../../core/model/initialize';
import { checkClipping } from '../../core/optimize/clip';
import { checkOptimizer } from '../../core/optimize/registry';
import { checkSchedule } from '../../core/optimize/schedule';
import { maxFlossed } from '../../terms/choices';
import { UserError } from '../../userError';
import { layersOf, readsBothWays, type ModelSettings, type TrainingSettings } from '../../protocol/settings';

/** Returns the settings, or throws a UserError naming the one that cannot be used, its value and what is allowed. */
export function checkTraining(training: TrainingSettings): TrainingSettings {
  checkReading(training);
  checkInteger('quantity.batch', training.batch, 1, 4096);
  if (training.steps !== null) checkInteger('quantity.steps', training.steps, 1, 1e9);
  if (training.epochs !== null) {
    checkInteger('quantity.epochs', training.epochs, 1, 1e6);
    if (training.steps !== null) throw new UserError('error.setting.stepsAndEpochs', training.steps, training.epochs);
  }
  checkOptimizer(training);
  // Epochs become a number of steps once the text is read.
  checkSchedule(training.epochs === null ? training : { ...training, steps: training.epochs });
  checkClipping(training);
  checkRemedies(training);
  checkInitialization(training);
  checkInteger('quantity.seed', training.seed, 0, 2 ** 31 - 1);
  checkInteger('quantity.checkpointEvery', training.checkpointEvery, 1, 1e9);
  checkInteger('quantity.checkpointSeconds', training.checkpointSeconds, 1, 86_400);
  checkInteger('quantity.keptCheckpoints', training.keptCheckpoints, 1, 10_000);
  checkInteger('quantity.validateEvery', training.validateEvery, 1, 1e9);
  if (training.threads !== null) checkInteger('quantity.threads', training.threads, 1, 256);
  return training;
}

function checkRemedies(training: TrainingSettings): void {
  const { omega, radiusCap, flossing, flossingEvery, flossingExponents } = training;
  const isPositive = (value: number) => value > 0 && Number.isFinite(value);
  if (omega !== null && !isPositive(omega)) throw new UserError('error.setting.omega', String(omega));
  if (radiusCap !== null && !isPositive(radiusCap)) throw new UserError('error.setting.radiusCap', String(radiusCap));
  if (flossing !== null && !isPositive(flossing)) throw new UserError('error.setting.flossing', String(flossing));
  checkInteger('quantity.flossingEvery', flossingEvery, 1, 1e9);
  checkInteger('quantity.flossingExponents', flossingExponents, 1, maxFlossed);
}

function checkReading({ mode, split, window, longestSequence, truncation }: TrainingSettings): void {
  if (!['stream', 'sequences'].includes(mode)) throw new UserError('error.setting.modeUnknown', mode);
  if (!['lines', 'paragraphs'].includes(split)) throw new UserError('error.setting.splitUnknown', split);
  checkInteger('quantity.window', window, 1, 100_000);
  checkInteger('quantity.longestSequence', longestSequence, 1, 1_000_000);
  if (truncation === null) return;
  checkInteger('quantity.truncation', truncation, 1, 1_000_000);
  if (mode === 'stream' && truncation > window) {
    throw new UserError('error.setting.truncationLongerThanWindow', truncation, window);
  }
}

/** Throws a UserError for a model that cannot be trained so. */
export function checkTogether(model: ModelSettings, { dropout }: TrainingSettings): void {
  if (readsBothWays(model) && model.objective === 'next') {
    throw new UserError('error.setting.bidirectionalNext');
  }
  if (!(dropout >= 0 && dropout < 1)) throw new UserError('error.setting.dropout', String(dropout));
  if (dropout > 0 && layersOf(model).length < 2) {
    throw new UserError('error.setting.dropoutOneLayer');
  }
}

/** Throws a UserError for windows that a layer cannot read, and for what is not applicable to one. @param steps T, of the longest window */
export function checkLayers(config: ModelConfig, training: TrainingSettings, steps: number): void {
  const { truncation, omega, radiusCap, flossing, mode } = training;
  const context = contextOfLayers(config.layers);
  if (context !== null && steps > context)
    throw mode === 'sequences'
      ? new UserError('error.setting.sequenceLongerThanContext', steps, context)
      : new UserError('error.setting.windowLongerThanContext', steps, context);
  for (const { cell } of config.layers) {
    const why = kindOf(cell).notApplicable;
    if (truncation !== null && why.truncation)
      throw new UserError('error.setting.truncationNotApplicable', truncation, { key: why.truncation, args: [] });
    if (omega !== null && why.omega)
      throw new UserError('error.setting.omegaNotApplicable', omega, { key: why.omega, args: [] });
    if (flossing !== null && why.flossing)
      throw new UserError('error.setting.flossingNotApplicable', flossing, { key: why.flossing, args: [] });
  }
  if (radiusCap !== null && !config.layers.some(hasRecurrentMatrix))
    throw new UserError('error.setting.radiusCapWithoutMatrix', radiusCap);
}

function hasRecurrentMatrix({ cell }: ModelConfig['layers'][number]): boolean {
  return kindOf(cell).parameters.some(({ role }) => role === recurrentWeights.role);
}

/** Throws a UserError where windows of the corpus would leave a part of a new model without training. */
export function checkWindows(config: ModelConfig, { mode, window }: TrainingSettings): void {
  if (mode !== 'stream') return;
  for (const [layer, { cell }] of config.layers.entries())
    kindOf(cell).mixer?.checkWindow?.(sizesOf(config, layer), window);
}
