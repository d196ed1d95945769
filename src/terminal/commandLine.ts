/** From the arguments to what is to be done. Everything wrong is refused here, with a sentence. */
import { basename, extname, join, resolve } from 'node:path';
import type { InspectRequest, SampleRequest, TrainRequest } from '../protocol/engine';
import { defaultModelSettings, defaultThresholds, defaultTrainingSettings, type TrainingSettings } from '../protocol/settings';
import { commandHelp, generalHelp } from './help';
import { commands, defaultSampling, defaultSteps, readOptions, UsageError, type CommandName, type GivenOptions } from './options';

export interface TrainCommand {
  readonly kind: 'train';
  readonly json: boolean;
  readonly request: TrainRequest;
}

export interface ResumeCommand {
  readonly kind: 'resume';
  readonly json: boolean;
  readonly folder: string;
  readonly steps: number | null;
}

export interface InspectCommand {
  readonly kind: 'inspect';
  readonly json: boolean;
  readonly model: string;
  /** File with the text. */
  readonly text: string;
  readonly request: Omit<InspectRequest, 'text'>;
}

export interface SampleCommand {
  readonly kind: 'sample';
  readonly json: boolean;
  readonly model: string;
  readonly request: SampleRequest;
}

export type Command =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | TrainCommand
  | ResumeCommand
  | InspectCommand
  | SampleCommand;

/** `args` are those after the program's name; `now` names the default folder of a run. Throws a UsageError. */
export function readCommand(args: readonly string[], now: Date): Command {
  if (args.length === 0) throw new UsageError('Say what to do: backflow train, inspect or sample; see backflow --help.');
  const [first, ...rest] = args;
  if (first === '--help' || first === '-h' || first === 'help') return helpFor(rest);
  if (first === '--version' || first === '-v') return { kind: 'version' };
  if (!isCommandName(first)) throw new UsageError(`${first} is no command; there are train, inspect and sample (see backflow --help).`);
  // Help is wanted more than correctness.
  if (rest.includes('--help') || rest.includes('-h')) return { kind: 'help', text: commandHelp(first) };
  const given = readOptions(first, rest);
  switch (first) {
    case 'train':
      return given.values.has('resume') ? readResume(given) : readTrain(given, now);
    case 'inspect':
      return readInspect(given);
    case 'sample':
      return readSample(given);
  }
}

function helpFor(names: readonly string[]): Command {
  const command = names.find(isCommandName);
  return { kind: 'help', text: command === undefined ? generalHelp() : commandHelp(command) };
}

function readTrain(given: GivenOptions, now: Date): TrainCommand {
  const corpus = onlyPositional(given, 'train', 'CORPUS');
  choice(given, 'mode', ['stream', 'sequences'], 'stream');
  if (given.values.get('mode') === 'sequences') throw new UsageError('--mode sequences is not available yet.');
  const cell = choice(given, 'cell', ['rnn', 'lstm', 'gru'], defaultModelSettings.cell);
  const defaults = defaultTrainingSettings;
  const request: TrainRequest = {
    corpus: { kind: 'file', path: resolve(corpus) },
    model: {
      cell,
      activation: choice(given, 'activation', ['tanh', 'relu'], defaultModelSettings.activation),
      layers: integer(given, 'layers', 1, 8) ?? defaultModelSettings.layers,
      hiddenSize: integer(given, 'hidden', 1, 4096) ?? defaultModelSettings.hiddenSize,
    },
    training: {
      ...defaults,
      window: integer(given, 'window', 1, 100_000) ?? defaults.window,
      batch: integer(given, 'batch', 1, 4096) ?? defaults.batch,
      steps: stepsOf(given, defaultSteps),
      ...readOptimization(given),
      seed: integer(given, 'seed', 0, 2 ** 31 - 1) ?? defaults.seed,
      checkpointEvery: integer(given, 'checkpoint-every', 1, 1e9) ?? defaults.checkpointEvery,
      backend: choice(given, 'backend', ['ort', 'wasm'], defaults.backend),
      threads: integer(given, 'threads', 1, 256) ?? defaults.threads,
    },
    folder: resolve(text(given, 'out') ?? defaultFolder(corpus, cell, now)),
  };
  return { kind: 'train', json: given.switches.has('json'), request };
}

/** Optimizer, learning rate, clipping and the first parameters. */
function readOptimization(given: GivenOptions): Partial<TrainingSettings> {
  const defaults = defaultTrainingSettings;
  const schedule = choice(given, 'schedule', ['constant', 'cosine', 'step'], defaults.schedule);
  if (schedule === 'cosine' && isNone(given, 'steps')) {
    throw new UsageError('--schedule cosine lowers the learning rate over the whole run, so it cannot be with --steps none.');
  }
  const optimizer = choice(given, 'optimizer', ['sgd', 'rmsprop', 'adagrad', 'adam', 'adamw'], defaults.optimizer);
  const momentum = number(given, 'momentum', (x) => x >= 0 && x < 1, 'a number from 0 up to, but not, 1') ?? defaults.momentum;
  const nesterov = given.switches.has('nesterov');
  if (nesterov && !(optimizer === 'sgd' && momentum > 0)) throw new UsageError('--nesterov needs --optimizer sgd and a --momentum above 0.');
  const fraction = (option: string) => number(given, option, (x) => x >= 0 && x <= 1, 'a number from 0 to 1');
  return {
    optimizer,
    learningRate: positive(given, 'learning-rate') ?? defaults.learningRate,
    momentum,
    nesterov,
    weightDecay: number(given, 'weight-decay', (x) => x >= 0, 'a number from 0 up') ?? defaults.weightDecay,
    schedule,
    warmupSteps: integer(given, 'warmup', 0, 1e9) ?? defaults.warmupSteps,
    finalFraction: fraction('final-fraction') ?? defaults.finalFraction,
    decaySteps: integer(given, 'decay-every', 1, 1e9) ?? defaults.decaySteps,
    decayFactor: number(given, 'decay-factor', (x) => x > 0 && x <= 1, 'a number greater than 0 and at most 1') ?? defaults.decayFactor,
    clipNorm: limit(given, 'clip-norm', defaults.clipNorm),
    clipValue: limit(given, 'clip-value', defaults.clipValue),
    initialisation: choice(given, 'init', ['pytorch', 'xavier', 'orthogonal', 'identity', 'gaussian'], defaults.initialisation),
    gain: positive(given, 'gain') ?? defaults.gain,
    forgetBias: number(given, 'forget-bias', () => true, 'a number') ?? defaults.forgetBias,
  };
}

function readResume(given: GivenOptions): ResumeCommand {
  const own = [...given.values.keys(), ...given.switches].find((name) => !['resume', 'steps', 'json', 'verbose'].includes(name));
  if (own !== undefined) throw new UsageError(`--${own} cannot be given with --resume: the run keeps its own settings.`);
  if (given.positionals.length > 0) {
    throw new UsageError(`${given.positionals[0]} cannot be given with --resume: the run keeps its own corpus.`);
  }
  return {
    kind: 'resume',
    json: given.switches.has('json'),
    folder: resolve(text(given, 'resume') ?? ''),
    steps: integer(given, 'steps', 1, 1e9) ?? null,
  };
}

function readInspect(given: GivenOptions): InspectCommand {
  const model = onlyPositional(given, 'inspect', 'MODEL');
  const file = text(given, 'text');
  if (file === undefined) throw new UsageError('backflow inspect needs --text FILE: the text to look at.');
  const target = given.values.get('target') === 'last' ? 'last' : (integer(given, 'target', 0, 1e9, ', or last') ?? 'last');
  return {
    kind: 'inspect',
    json: given.switches.has('json'),
    model: resolve(model),
    text: resolve(file),
    request: { target, thresholds: defaultThresholds, matrix: given.switches.has('matrix') },
  };
}

function readSample(given: GivenOptions): SampleCommand {
  return {
    kind: 'sample',
    json: given.switches.has('json'),
    model: resolve(onlyPositional(given, 'sample', 'MODEL')),
    request: {
      prompt: given.values.get('prompt') ?? '',
      length: integer(given, 'length', 1, 1e7) ?? defaultSampling.length,
      temperature: number(given, 'temperature', (x) => x >= 0, 'a number from 0 up') ?? defaultSampling.temperature,
      seed: integer(given, 'seed', 0, 2 ** 31 - 1) ?? defaultSampling.seed,
    },
  };
}

function onlyPositional({ positionals }: GivenOptions, command: CommandName, name: string): string {
  const [first, second] = positionals as readonly (string | undefined)[];
  if (first === undefined || first === '') throw new UsageError(`backflow ${command} needs ${name}; see backflow ${command} --help.`);
  if (second !== undefined) throw new UsageError(`backflow ${command} takes one ${name}, and ${second} is a second.`);
  return first;
}

/** Steps asked for; `none` is null, "until stopped". */
function stepsOf(given: GivenOptions, fallback: number): number | null {
  return isNone(given, 'steps') ? null : (integer(given, 'steps', 1, 1e9, ', or none') ?? fallback);
}

/** The most that is allowed; `none` is null. */
function limit(given: GivenOptions, option: string, fallback: number | null): number | null {
  return isNone(given, option) ? null : (positive(given, option, ', or none') ?? fallback);
}

function isNone(given: GivenOptions, option: string): boolean {
  return given.values.get(option) === 'none';
}

/** `.backflow/runs/<corpus>-<cell>-<time>` in the current folder, in local time. */
function defaultFolder(corpus: string, cell: string, now: Date): string {
  const name = basename(corpus, extname(corpus)).replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const two = (part: number) => String(part).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return join('.backflow', 'runs', `${name}-${cell}-${date}-${time}`);
}

function text(given: GivenOptions, option: string): string | undefined {
  const value = given.values.get(option);
  if (value === '') throw new UsageError(`--${option} is empty; it must be a path.`);
  return value;
}

function choice<T extends string>(given: GivenOptions, option: string, choices: readonly T[], fallback: T): T {
  const value = given.values.get(option);
  if (value === undefined) return fallback;
  const found = choices.find((name) => name === value);
  if (found === undefined) throw wrong(option, value, `one of ${choices.join(', ')}`);
  return found;
}

function integer(given: GivenOptions, option: string, min: number, max: number, also = ''): number | undefined {
  return number(given, option, (x) => Number.isInteger(x) && x >= min && x <= max, `a whole number from ${min} to ${max}${also}`);
}

function positive(given: GivenOptions, option: string, also = ''): number | undefined {
  return number(given, option, (x) => x > 0, `a number greater than 0${also}`);
}

function number(given: GivenOptions, option: string, allowed: (x: number) => boolean, what: string): number | undefined {
  const value = given.values.get(option);
  if (value === undefined) return undefined;
  const parsed = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : NaN;
  if (!Number.isFinite(parsed) || !allowed(parsed)) throw wrong(option, value, what);
  return parsed;
}

function wrong(option: string, value: string, allowed: string): UsageError {
  return new UsageError(`--${option} is ${JSON.stringify(value)}; it must be ${allowed}.`);
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
