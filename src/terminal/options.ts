/** The options of each command: their names, what they take, and what help says of them. */
import { parseArgs } from 'node:util';
import { cellNames, layerOptions } from '../layers/catalog';
import type { OptionDescription } from '../layers/options';
import { defaultModelSettings, defaultTrainingSettings, defaultVocabularySettings } from '../protocol/settings';
import { oneLine } from '../userError';
import { localize, type TerminalKey } from './language';

/** Code units; an argument can be anything. */
const maxMessageLength = 1400;

/** Wrong use of the command line: one sentence, exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    const line = oneLine(message).replace(/\p{Cc}/gu, '\ufffd');
    super(
      line.length <= maxMessageLength
        ? line
        : `${line.slice(0, maxMessageLength / 2)}…${line.slice(-maxMessageLength / 2)}`,
    );
    this.name = 'UsageError';
  }
}

interface OptionSpec {
  /** What the value is called in help; absent for a switch. */
  readonly value?: string;
  /** A sentence with places for `args`. */
  readonly help: TerminalKey;
  readonly args?: readonly (string | number)[];
  readonly short?: string;
  /** It can be given several times. */
  readonly isList?: boolean;
}

export type CommandName = 'train' | 'inspect' | 'sample' | 'export';

export interface CommandSpec {
  readonly usage: readonly string[];
  readonly summary: TerminalKey;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly notes: readonly TerminalKey[];
}

/** Steps of a run from the command line, where nobody may be there to stop it. */
export const defaultSteps = 1000;
export const defaultSampling = { length: 200, temperature: 1, seed: 1 } as const;

const model = defaultModelSettings;
const training = defaultTrainingSettings;

const common: Readonly<Record<string, OptionSpec>> = {
  json: { help: 'help.common.json' },
  verbose: { help: 'help.common.verbose' },
  help: { help: 'help.common.help', short: 'h' },
};

/** What a model's file may need beside it. */
const besideModel = {
  vocab: { value: 'FILE', help: 'help.model.vocab' },
  tokens: { value: 'NAME', help: 'help.model.tokens' },
  activation: { value: 'NAME', help: 'help.model.activation' },
  tensors: { value: 'ROLES', help: 'help.model.tensors' },
} satisfies Readonly<Record<string, OptionSpec>>;
const modelFiles: readonly TerminalKey[] = ['help.model.note', 'help.model.vocabularyNote'];

/** Of an option of some kind: `stateSize` is `state-size`. */
export function commandLineName({ name }: OptionDescription): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What some kinds have. */
const ofKinds: Readonly<Record<string, OptionSpec>> = Object.fromEntries(
  layerOptions.map((option) => [
    commandLineName(option),
    option.type === 'switch'
      ? { help: option.help, ...(option.default && { value: 'on|off' }) }
      : { value: option.type === 'number' ? 'N' : 'NAME', help: option.help, args: [option.default] },
  ]),
);

export const commands: Readonly<Record<CommandName, CommandSpec>> = {
  train: {
    usage: [
      'backflow train CORPUS [options]',
      'backflow train CORPUS --from MODEL [options]',
      'backflow train --resume DIR [--steps N]',
    ],
    summary: 'help.train.summary',
    options: {
      cell: { value: 'NAME', help: 'help.train.cell', args: [cellNames.join(', '), model.cell] },
      activation: { value: 'NAME', help: 'help.train.activation', args: [model.activation] },
      layers: { value: 'N', help: 'help.train.layers', args: [model.layers] },
      bidirectional: { help: 'help.train.bidirectional' },
      hidden: { value: 'N', help: 'help.train.hidden', args: [model.hiddenSize] },
      embedding: { value: 'N', help: 'help.train.embedding' },
      tied: { help: 'help.train.tied' },
      norm: { value: 'none|layerNorm|rmsNorm', help: 'help.train.norm' },
      'final-norm': { value: 'none|layerNorm|rmsNorm', help: 'help.train.finalNorm' },
      residual: { value: 'on|off', help: 'help.train.residual' },
      objective: { value: 'NAME', help: 'help.train.objective' },
      ...ofKinds,
      dropout: { value: 'X', help: 'help.train.dropout', args: [training.dropout] },
      tokens: { value: 'NAME', help: 'help.train.tokens', args: [defaultVocabularySettings.unit] },
      'vocabulary-size': { value: 'N', help: 'help.train.vocabularySize' },
      mode: { value: 'NAME', help: 'help.train.mode', args: [training.mode] },
      split: { value: 'NAME', help: 'help.train.split', args: [training.split] },
      'longest-sequence': { value: 'N', help: 'help.train.longestSequence', args: [training.longestSequence] },
      window: { value: 'T', help: 'help.train.window', args: [training.window] },
      batch: { value: 'B', help: 'help.train.batch', args: [training.batch] },
      truncate: { value: 'K', help: 'help.train.truncate' },
      steps: { value: 'N', help: 'help.train.steps', args: [defaultSteps] },
      epochs: { value: 'N', help: 'help.train.epochs' },
      optimizer: { value: 'NAME', help: 'help.train.optimizer', args: [training.optimizer] },
      'learning-rate': { value: 'X', help: 'help.train.learningRate', args: [training.learningRate] },
      momentum: { value: 'X', help: 'help.train.momentum', args: [training.momentum] },
      nesterov: { help: 'help.train.nesterov' },
      'weight-decay': { value: 'X', help: 'help.train.weightDecay' },
      schedule: { value: 'NAME', help: 'help.train.schedule', args: [training.schedule] },
      warmup: { value: 'N', help: 'help.train.warmup', args: [training.warmupSteps] },
      'final-fraction': { value: 'X', help: 'help.train.finalFraction', args: [training.finalFraction] },
      'decay-every': { value: 'N', help: 'help.train.decayEvery', args: [training.decaySteps] },
      'decay-factor': { value: 'X', help: 'help.train.decayFactor', args: [training.decayFactor] },
      'clip-norm': { value: 'X', help: 'help.train.clipNorm', args: [String(training.clipNorm)] },
      'clip-value': { value: 'X', help: 'help.train.clipValue' },
      omega: { value: 'X', help: 'help.train.omega' },
      'radius-cap': { value: 'X', help: 'help.train.radiusCap' },
      flossing: { value: 'X', help: 'help.train.flossing' },
      'flossing-every': { value: 'N', help: 'help.train.flossingEvery', args: [training.flossingEvery] },
      'flossing-exponents': { value: 'K', help: 'help.train.flossingExponents', args: [training.flossingExponents] },
      init: { value: 'NAME', help: 'help.train.init', args: [training.initialization] },
      'init-scale': { value: 'X', help: 'help.train.initScale', args: [training.initScale] },
      gain: { value: 'X', help: 'help.train.gain' },
      'forget-bias': { value: 'X', help: 'help.train.forgetBias' },
      seed: { value: 'N', help: 'help.train.seed', args: [training.seed] },
      out: { value: 'DIR', help: 'help.train.out' },
      tensorboard: { value: 'DIR', help: 'help.train.tensorboard' },
      'checkpoint-every': { value: 'N', help: 'help.train.checkpointEvery', args: [training.checkpointEvery] },
      'checkpoint-seconds': { value: 'N', help: 'help.train.checkpointSeconds', args: [training.checkpointSeconds] },
      keep: { value: 'N', help: 'help.train.keep', args: [training.keptCheckpoints] },
      backend: { value: 'NAME', help: 'help.train.backend', args: [training.backend] },
      threads: { value: 'N', help: 'help.train.threads' },
      from: { value: 'MODEL', help: 'help.train.from' },
      vocab: { value: 'FILE', help: 'help.train.vocab' },
      tensors: besideModel.tensors,
      resume: { value: 'DIR', help: 'help.train.resume' },
      ...common,
    },
    notes: ['help.train.noteStop', 'help.train.noteJsonStep', 'help.train.noteJsonDone', 'help.train.noteJsonNull'],
  },
  inspect: {
    usage: [
      'backflow inspect MODEL --text FILE [options]',
      'backflow inspect RECORDING [--step N] [--text FILE] [options]',
    ],
    summary: 'help.inspect.summary',
    options: {
      text: { value: 'FILE', help: 'help.inspect.text' },
      line: { value: 'N', help: 'help.inspect.line' },
      step: { value: 'N', help: 'help.inspect.step' },
      target: { value: 'T', help: 'help.inspect.target' },
      matrix: { help: 'help.inspect.matrix' },
      spectrum: { value: 'K', help: 'help.inspect.spectrum' },
      tensor: { value: 'NAME', help: 'help.inspect.tensor', isList: true },
      ...besideModel,
      ...common,
    },
    notes: [
      ...modelFiles,
      'help.inspect.noteJson',
      'help.inspect.noteJsonZero',
      'help.inspect.noteJsonVerification',
      'help.inspect.noteSpectrum',
      'help.inspect.noteGraph',
      'help.inspect.noteRecording',
      'help.inspect.noteRecordingJson',
    ],
  },
  sample: {
    usage: ['backflow sample MODEL [options]'],
    summary: 'help.sample.summary',
    options: {
      length: { value: 'N', help: 'help.sample.length', args: [defaultSampling.length] },
      temperature: { value: 'X', help: 'help.sample.temperature', args: [defaultSampling.temperature] },
      'top-k': { value: 'K', help: 'help.sample.topK' },
      'top-p': { value: 'X', help: 'help.sample.topP' },
      prompt: { value: 'TEXT', help: 'help.sample.prompt' },
      seed: { value: 'N', help: 'help.sample.seed', args: [defaultSampling.seed] },
      ...besideModel,
      ...common,
    },
    notes: [...modelFiles, 'help.sample.noteOutput', 'help.sample.noteWithoutPrompt'],
  },
  export: {
    usage: ['backflow export MODEL --out FILE [options]'],
    summary: 'help.export.summary',
    options: {
      out: { value: 'FILE', help: 'help.export.out' },
      ...besideModel,
      ...common,
    },
    notes: [...modelFiles, 'help.export.note'],
  },
};

/** What was written on the command line, not yet read: an option once (the last counts), unless it is a list. */
export interface GivenOptions {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly switches: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** Splits the arguments of a command. Throws a UsageError for options that are unknown or lack their value. */
export function readOptions(name: CommandName, args: readonly string[]): GivenOptions {
  const { options } = commands[name];
  const takesValue = (option: string) => Object.hasOwn(options, option) && options[option].value !== undefined;
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([option, { short }]) => [
        option,
        { type: takesValue(option) ? 'string' : 'boolean', ...(short !== undefined && { short }) },
      ]),
    ),
  });
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const switches = new Set<string>();
  const positionals: string[] = [];
  let list: string[] | null = null;
  for (const token of tokens) {
    // Several names can stand behind one option, once the command has its argument.
    if (token.kind === 'positional') (list !== null && positionals.length > 0 ? list : positionals).push(token.value);
    if (token.kind !== 'option') continue;
    list = null;
    const { rawName, value, inlineValue } = token;
    if (!Object.hasOwn(options, token.name)) {
      throw new UsageError(localize('usage.optionUnknown', rawName, name));
    }
    if (takesValue(token.name)) {
      if (value === undefined || (!inlineValue && isOption(value, options)))
        throw new UsageError(localize('usage.valueMissing', rawName));
      if (options[token.name].isList) lists.set(token.name, (list = [...(lists.get(token.name) ?? []), value]));
      else values.set(token.name, value);
    } else {
      if (inlineValue === true) throw new UsageError(localize('usage.valueUnexpected', rawName));
      switches.add(token.name);
    }
  }
  return { values, lists, switches, positionals };
}

/** Whether a value is rather the next option: `--out --json`. */
function isOption(value: string, options: CommandSpec['options']): boolean {
  return value.startsWith('--') && Object.hasOwn(options, value.slice(2).split('=')[0]);
}
