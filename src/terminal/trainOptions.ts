/** The options of `backflow train` as the engine's settings. */
import { activations, type Activation } from '../layers/activation';
import { cellNames, kindOf, layerOptions, type CellName } from '../layers/catalog';
import { norms } from '../layers/norm';
import type { LayerOptions, OptionDescription, OptionValue } from '../layers/options';
import {
  initializations,
  isOfNumbers,
  maxFlossed,
  maxHiddenSize,
  maxLayers,
  objectives,
  optimizers,
  schedules,
  type ObjectiveName,
} from '../terms/choices';
import { readLayers } from '../protocol/layerList';
import {
  completeModel,
  defaultModelSettings,
  defaultTrainingSettings,
  defaultVocabularySettings,
  layersOf,
  readsBothWays,
  type ListedLayer,
  type ModelSettings,
  type TokenUnit,
  type TrainingSettings,
  type VocabularySettings,
} from '../protocol/settings';
import { UserError } from '../userError';
import { localize, localizeMessage } from './language';
import { choice, integer, isNone, limit, number, positive } from './optionValues';
import { commandLineName, defaultSteps, UsageError, type GivenOptions } from './options';

const units: readonly TokenUnit[] = ['codePoint', 'grapheme', 'word', 'byte'];

/** What --tokens took before it had the setting's names. */
const olderUnits: Readonly<Record<string, TokenUnit>> = {
  codepoints: 'codePoint',
  graphemes: 'grapheme',
  words: 'word',
  bytes: 'byte',
};

export function readVocabulary(given: GivenOptions): VocabularySettings {
  return {
    unit: unit(given),
    size: integer(given, 'vocabulary-size', 2, 200_000) ?? defaultVocabularySettings.size,
  };
}

function unit(given: GivenOptions): TokenUnit {
  const older = given.values.get('tokens') ?? '';
  return Object.hasOwn(olderUnits, older)
    ? olderUnits[older]
    : choice(given, 'tokens', units, defaultVocabularySettings.unit);
}

const onOrOff = ['on', 'off'] as const;

/** Whether the options leave open that the corpus is one of numbers: not where they say how a text of symbols is to be read, or what is to be predicted of it. */
export function isOpenWhether({ values }: GivenOptions): boolean {
  const ofText = ['objective', 'tokens', 'vocabulary-size'].some((option) => values.has(option));
  return !ofText && values.get('mode') !== 'stream' && values.get('split') !== 'paragraphs';
}

/** Those that say how a text of symbols is read. */
function refuseOfNumbers({ values }: GivenOptions): void {
  const option = ['tokens', 'vocabulary-size'].find((name) => values.has(name));
  if (option !== undefined) throw new UsageError(localize('usage.notForNumbers', option));
  if (values.get('mode') === 'stream' || values.get('split') === 'paragraphs')
    throw new UsageError(localize('usage.numbersInLines'));
}

/** @param readsNumbers the corpus is one of numbers, which the options leave open */
export function readModel(given: GivenOptions, readsNumbers = false): ModelSettings {
  const defaults = defaultModelSettings;
  const cell = choice(given, 'cell', cellNames, defaults.cell);
  const layers = readLayerList(given);
  const kinds = typeof layers === 'number' ? [cell] : layers.map((layer) => layer.cell);
  const model = completeModel({
    cell,
    activation: readActivation(given, kinds),
    layers,
    bidirectional: given.switches.has('bidirectional'),
    hiddenSize: integer(given, 'hidden', 1, maxHiddenSize) ?? defaults.hiddenSize,
    embeddingSize: integer(given, 'embedding', 1, maxHiddenSize) ?? null,
    tied: given.switches.has('tied'),
    objective: given.values.has('objective')
      ? choice<ObjectiveName>(given, 'objective', objectives, defaults.objective)
      : readsNumbers
        ? 'squaredError'
        : null,
    norm: given.values.has('norm') ? choice(given, 'norm', norms, defaults.norm) : null,
    finalNorm: given.values.has('final-norm') ? choice(given, 'final-norm', norms, defaults.finalNorm) : null,
    residual: given.values.has('residual') ? choice(given, 'residual', onOrOff, 'off') === 'on' : null,
    options: readLayerOptions(given, new Set(kinds)),
  });
  if (isOfNumbers(model.objective)) refuseOfNumbers(given);
  if (readsBothWays(model) && model.objective === 'next') {
    throw new UsageError(localize('usage.bidirectionalNext'));
  }
  return model;
}

/** `--layers`: how many, or a list of those that differ, which says their kinds itself. */
function readLayerList(given: GivenOptions): number | readonly ListedLayer[] {
  const value = given.values.get('layers');
  if (value === undefined) return defaultModelSettings.layers;
  if (!/[a-z]/i.test(value)) return integer(given, 'layers', 1, maxLayers) ?? defaultModelSettings.layers;
  const layers = asUsage(() => readLayers(value));
  if (typeof layers === 'number') return layers;
  if (given.values.has('cell')) throw new UsageError(localize('usage.cellWithList'));
  if (given.values.has('hidden') && layers.every(({ hiddenSize }) => hiddenSize !== null))
    throw new UsageError(localize('usage.hiddenWithSizes'));
  return layers;
}

/** What `read` gives; of a list that is wrong its sentence, as wrong use. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof UserError ? new UsageError(localizeMessage(thrown)) : thrown;
  }
}

/** Refused where no layer's kind leaves it open; of a model that is read from a file, its layers are not known here. */
function readActivation(given: GivenOptions, kinds: readonly CellName[]): Activation {
  const isOpenFor = (cell: CellName) => kindOf(cell).activation === 'chosen';
  if (given.values.has('activation') && !given.values.has('from') && !kinds.some(isOpenFor))
    throw ofOtherKind('activation', new Set(kinds), cellNames.filter(isOpenFor));
  return choice(given, 'activation', activations, defaultModelSettings.activation);
}

/** An option that no layer's kind has. @param others those that have it */
function ofOtherKind(option: string, kinds: ReadonlySet<CellName>, others: readonly CellName[]): UsageError {
  const labels = Array.from(kinds, (cell) => kindOf(cell).label);
  return new UsageError(localize('usage.optionOfOtherKind', option, labels.join(', '), others.join(', ')));
}

/** Those that are given; refused where no layer's kind has them. */
function readLayerOptions(given: GivenOptions, kinds: ReadonlySet<CellName>): LayerOptions {
  const has = (cell: CellName, { name }: OptionDescription) => kindOf(cell).options.some((each) => each.name === name);
  const read = layerOptions.flatMap((option): [string, OptionValue][] => {
    const value = layerOption(given, option);
    if (value === undefined) return [];
    if ([...kinds].some((cell) => has(cell, option))) return [[option.name, value]];
    throw ofOtherKind(
      commandLineName(option),
      kinds,
      cellNames.filter((cell) => has(cell, option)),
    );
  });
  return Object.fromEntries(read);
}

function layerOption(given: GivenOptions, option: OptionDescription): OptionValue | undefined {
  const name = commandLineName(option);
  switch (option.type) {
    case 'switch':
      if (!option.default) return given.switches.has(name) ? true : undefined;
      return given.values.has(name) ? choice(given, name, onOrOff, 'on') === 'on' : undefined;
    case 'number': {
      const { min, max, isWhole } = option;
      return isWhole
        ? integer(given, name, min, max)
        : number(given, name, (x) => x >= min && x <= max, localize('value.numberInRange', min, max));
    }
    case 'choice':
      return given.values.has(name) ? choice(given, name, option.choices, option.default) : undefined;
  }
}

export function readTraining(given: GivenOptions, model: ModelSettings): TrainingSettings {
  const defaults = defaultTrainingSettings;
  const dropout =
    number(given, 'dropout', (x) => x >= 0 && x < 1, localize('value.numberFromZeroBelowOne')) ?? defaults.dropout;
  if (dropout > 0 && layersOf(model).length < 2) throw new UsageError(localize('usage.dropoutOneLayer'));
  return {
    ...defaults,
    ...readReading(given, isOfNumbers(model.objective)),
    dropout,
    ...readSteps(given),
    ...readOptimization(given),
    ...readFirstParameters(given, model),
    seed: integer(given, 'seed', 0, 2 ** 31 - 1) ?? defaults.seed,
    checkpointEvery: integer(given, 'checkpoint-every', 1, 1e9) ?? defaults.checkpointEvery,
    checkpointSeconds: integer(given, 'checkpoint-seconds', 1, 86_400) ?? defaults.checkpointSeconds,
    keptCheckpoints: integer(given, 'keep', 1, 10_000) ?? defaults.keptCheckpoints,
    backend: choice(given, 'backend', ['ort', 'wasm'], defaults.backend),
    threads: integer(given, 'threads', 1, 256) ?? defaults.threads,
  };
}

/** How the corpus is read: numbers in sequences always. What only sequences have is refused for streams. A window may be given for sequences too: they are read whole. */
function readReading(given: GivenOptions, ofNumbers: boolean): Partial<TrainingSettings> {
  const defaults = defaultTrainingSettings;
  const mode = choice(given, 'mode', ['stream', 'sequences'], ofNumbers ? 'sequences' : defaults.mode);
  const ofSequences = ['split', 'longest-sequence'].find((option) => given.values.has(option));
  if (mode === 'stream' && ofSequences !== undefined) throw new UsageError(localize('usage.notForStream', ofSequences));
  const window = integer(given, 'window', 1, 100_000) ?? defaults.window;
  const truncation = integer(given, 'truncate', 1, 1_000_000) ?? defaults.truncation;
  if (mode === 'stream' && truncation !== null && truncation > window) {
    throw new UsageError(localize('usage.truncationLongerThanWindow', truncation, window));
  }
  return {
    mode,
    split: choice(given, 'split', ['lines', 'paragraphs'], defaults.split),
    longestSequence: integer(given, 'longest-sequence', 1, 1_000_000) ?? defaults.longestSequence,
    window,
    batch: integer(given, 'batch', 1, 4096) ?? defaults.batch,
    truncation,
  };
}

/** `--steps none` is null, "until stopped"; epochs take the place of steps. */
function readSteps(given: GivenOptions): Pick<TrainingSettings, 'steps' | 'epochs'> {
  const epochs = integer(given, 'epochs', 1, 1_000_000) ?? null;
  if (epochs === null)
    return {
      epochs,
      steps: isNone(given, 'steps')
        ? null
        : (integer(given, 'steps', 1, 1e9, localize('value.orNone')) ?? defaultSteps),
    };
  if (given.values.has('steps')) throw new UsageError(localize('usage.epochsWithSteps'));
  return { epochs, steps: null };
}

/** Optimizer, learning rate and clipping. */
function readOptimization(given: GivenOptions): Partial<TrainingSettings> {
  const defaults = defaultTrainingSettings;
  const schedule = choice(given, 'schedule', schedules, defaults.schedule);
  if (schedule === 'cosine' && isNone(given, 'steps')) {
    throw new UsageError(localize('usage.cosineWithoutSteps'));
  }
  const optimizer = choice(given, 'optimizer', optimizers, defaults.optimizer);
  const momentum =
    number(given, 'momentum', (x) => x >= 0 && x < 1, localize('value.numberFromZeroBelowOne')) ?? defaults.momentum;
  const nesterov = given.switches.has('nesterov');
  if (nesterov && !(optimizer === 'sgd' && momentum > 0))
    throw new UsageError(localize('usage.nesterovWithoutMomentum'));
  const flossing = limit(given, 'flossing', defaults.flossing);
  for (const option of ['flossing-every', 'flossing-exponents'])
    if (flossing === null && given.values.has(option))
      throw new UsageError(localize('usage.flossingWithoutWeight', option));
  const fraction = (option: string) =>
    number(given, option, (x) => x >= 0 && x <= 1, localize('value.numberFromZeroToOne'));
  const read = {
    optimizer,
    learningRate: positive(given, 'learning-rate') ?? defaults.learningRate,
    momentum,
    nesterov,
    weightDecay: number(given, 'weight-decay', (x) => x >= 0, localize('value.numberFromZero')) ?? defaults.weightDecay,
    schedule,
    warmupSteps: integer(given, 'warmup', 0, 1e9) ?? defaults.warmupSteps,
    finalFraction: fraction('final-fraction') ?? defaults.finalFraction,
    decaySteps: integer(given, 'decay-every', 1, 1e9) ?? defaults.decaySteps,
    decayFactor:
      number(given, 'decay-factor', (x) => x > 0 && x <= 1, localize('value.numberAboveZeroToOne')) ??
      defaults.decayFactor,
    clipNorm: limit(given, 'clip-norm', defaults.clipNorm),
    clipValue: limit(given, 'clip-value', defaults.clipValue),
    omega: limit(given, 'omega', defaults.omega),
    radiusCap: limit(given, 'radius-cap', defaults.radiusCap),
    flossing,
    flossingEvery: integer(given, 'flossing-every', 1, 1e9) ?? defaults.flossingEvery,
    flossingExponents: integer(given, 'flossing-exponents', 1, maxFlossed) ?? defaults.flossingExponents,
  };
  refuseWithoutEffect(given, { optimizer, schedule });
  return read;
}

/** Options that act together with a value of another alone: what else is given would change nothing, without a word. */
const actsWith = [
  { options: ['momentum'], other: 'optimizer', values: ['sgd', 'rmsprop'] },
  { options: ['final-fraction'], other: 'schedule', values: ['cosine'] },
  { options: ['decay-every', 'decay-factor'], other: 'schedule', values: ['step'] },
  { options: ['init-scale', 'gain'], other: 'init', values: initializations.filter((name) => name !== 'pytorch') },
] as const satisfies readonly { options: readonly string[]; other: string; values: readonly string[] }[];

/** @param chosen by name; of others there is nothing to refuse yet */
function refuseWithoutEffect({ values }: GivenOptions, chosen: Readonly<Record<string, string>>): void {
  for (const { options, other, values: fitting } of actsWith) {
    const option = options.find((name) => values.has(name));
    if (option !== undefined && Object.hasOwn(chosen, other) && !fitting.some((value) => value === chosen[other]))
      throw new UsageError(localize('usage.withoutEffect', option, `--${other} ${fitting.join(', ')}`));
  }
}

const ofForgetGate = 'forget-bias';

/** Refused where no layer has what they are about. */
function readFirstParameters(
  given: GivenOptions,
  model: ModelSettings,
): Pick<TrainingSettings, 'initialization' | 'initScale' | 'forgetBias'> {
  const defaults = defaultTrainingSettings;
  const kinds = new Set(layersOf(model).map(({ cell }) => cell));
  const labels = Array.from(kinds, (cell) => kindOf(cell).label).join(', ');
  const initialization = choice(given, 'init', initializations, defaults.initialization);
  if (initialization !== defaults.initialization && Array.from(kinds).every((cell) => kindOf(cell).mixer))
    throw new UsageError(localize('usage.initOfMixers', initialization, labels));
  const forgetBias = number(given, ofForgetGate, () => true, localize('value.number')) ?? defaults.forgetBias;
  const withGate = cellNames.filter((cell) => kindOf(cell).forgetGate !== null);
  if (forgetBias !== null && !withGate.some((cell) => kinds.has(cell)))
    throw ofOtherKind(ofForgetGate, kinds, withGate);
  const initScale = positive(given, 'init-scale') ?? positive(given, 'gain') ?? defaults.initScale;
  if (given.values.has('init-scale') && given.values.has('gain')) throw new UsageError(localize('usage.scaleTwice'));
  refuseWithoutEffect(given, { init: initialization });
  return {
    initialization,
    initScale,
    forgetBias,
  };
}
