/** From the arguments to what is to be done. Everything wrong is refused here, with a sentence. */
import { basename, extname, join, resolve } from 'node:path';
import type { InspectRequest, StartingModel, TrainRequest } from '../protocol/engine';
import type { Activation } from '../layers/activation';
import { layerOptions } from '../layers/catalog';
import { kindsInFolder } from '../layers/stackName';
import type { SampleRequest } from '../protocol/sample';
import { defaultThresholds, layersOf } from '../protocol/settings';
import { commandHelp, generalHelp } from './help';
import { localize } from './language';
import {
  commandLineName,
  commands,
  defaultSampling,
  readOptions,
  UsageError,
  type CommandName,
  type GivenOptions,
} from './options';
import { choice, integer, number, text } from './optionValues';
import { isOpenWhether, readModel, readTraining, readVocabulary } from './trainOptions';

/** More numbers than a carried state has. */
const maxSpectrum = 1_000_000;

export interface TrainCommand {
  readonly kind: 'train';
  readonly json: boolean;
  /** Folder for TensorBoard's files; null for none. */
  readonly tensorboard: string | null;
  readonly request: TrainRequest;
}

export interface ResumeCommand {
  readonly kind: 'resume';
  readonly json: boolean;
  readonly tensorboard: string | null;
  readonly folder: string;
  readonly steps: number | null;
}

/** A model's file, and what it may need beside it. */
export type ModelOptions = StartingModel;

export interface InspectCommand {
  readonly kind: 'inspect';
  readonly json: boolean;
  readonly model: ModelOptions;
  /** File with the text; only a recording can be without one. */
  readonly text: string | null;
  /** Which of its lines alone is the text, from 1; null for all of them. */
  readonly line: number | null;
  readonly request: Omit<InspectRequest, 'text'>;
  /** Of a recording: which step, and whether a target was named. Null for the newest, and for the recorded one. */
  readonly step: number | null;
  readonly target: InspectRequest['target'] | null;
  /** Names of tensors that are shown, in graph mode; null for those that are found. */
  readonly series: readonly string[] | null;
  /** K exponents and singular values are wanted; null for none. */
  readonly spectrum: number | null;
}

export interface SampleCommand {
  readonly kind: 'sample';
  readonly json: boolean;
  readonly model: ModelOptions;
  readonly request: SampleRequest;
}

export interface ExportCommand {
  readonly kind: 'export';
  readonly json: boolean;
  readonly model: ModelOptions;
  /** Absolute; its ending says what is written. */
  readonly out: string;
}

export type Command =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | TrainCommand
  | ResumeCommand
  | InspectCommand
  | SampleCommand
  | ExportCommand;

/**
 * `args` are those after the program's name; `now` names the default folder of a run. Throws a UsageError.
 * @param isOfNumbers whether the file at a path is one of sequences of numbers
 */
export function readCommand(
  args: readonly string[],
  now: Date,
  isOfNumbers: (path: string) => boolean = () => false,
): Command {
  if (args.length === 0) throw new UsageError(localize('usage.noCommand'));
  const [first, ...rest] = args;
  if (first === '--help' || first === '-h' || first === 'help') return helpFor(rest);
  if (first === '--version' || first === '-v') return { kind: 'version' };
  if (!isCommandName(first)) throw new UsageError(localize('usage.commandUnknown', first));
  // Help is wanted more than correctness.
  if (rest.includes('--help') || rest.includes('-h')) return { kind: 'help', text: commandHelp(first) };
  const given = readOptions(first, rest);
  switch (first) {
    case 'train':
      return given.values.has('resume') ? readResume(given) : readTrain(given, now, isOfNumbers);
    case 'inspect':
      return readInspect(given);
    case 'sample':
      return readSample(given);
    case 'export':
      return readExport(given);
  }
}

function helpFor(names: readonly string[]): Command {
  const command = names.find(isCommandName);
  return { kind: 'help', text: command === undefined ? generalHelp() : commandHelp(command) };
}

function readTrain(given: GivenOptions, now: Date, isOfNumbers: (path: string) => boolean): TrainCommand {
  const corpus = onlyPositional(given, 'train', 'CORPUS');
  const from = readStart(given);
  const model = readModel(given, from === null && isOpenWhether(given) && isOfNumbers(resolve(corpus)));
  const request: TrainRequest = {
    corpus: { kind: 'file', path: resolve(corpus) },
    from,
    vocabulary: readVocabulary(given),
    model,
    training: readTraining(given, model),
    folder: resolve(
      text(given, 'out') ?? defaultFolder(corpus, from ? 'further' : kindsInFolder(layersOf(model)), now),
    ),
  };
  return { kind: 'train', json: given.switches.has('json'), request, tensorboard: folderOf(given) };
}

/** Options that say what a new model is. */
const ofNewModels = [
  'cell',
  'layers',
  'bidirectional',
  'hidden',
  'embedding',
  'tied',
  'norm',
  'final-norm',
  'residual',
  'objective',
  ...layerOptions.map(commandLineName),
  'tokens',
  'vocabulary-size',
  'init',
  'init-scale',
  'gain',
  'forget-bias',
];

/** The model of --from; null to begin with a new one. */
function readStart(given: GivenOptions): StartingModel | null {
  const path = text(given, 'from');
  if (path === undefined) {
    if (given.values.has('vocab')) throw new UsageError(localize('usage.vocabWithoutFrom'));
    if (given.values.has('tensors')) throw new UsageError(localize('usage.tensorsWithoutFrom'));
    return null;
  }
  const own = ofNewModels.find((name) => given.values.has(name) || given.switches.has(name));
  if (own !== undefined) throw new UsageError(localize('usage.withFrom', own));
  return modelOptions(given, path);
}

/** What a model's file may need beside it. */
function modelOptions(given: GivenOptions, path: string): ModelOptions {
  const vocabulary = text(given, 'vocab');
  const activation = given.values.has('activation')
    ? choice<Activation>(given, 'activation', ['tanh', 'relu'], 'tanh')
    : null;
  const readsBytes = given.values.has('tokens');
  if (readsBytes) {
    choice(given, 'tokens', ['byte', 'bytes'], 'byte');
    if (vocabulary !== undefined) throw new UsageError(localize('usage.tokensWithVocab'));
  }
  return {
    path: resolve(path),
    vocabulary: vocabulary === undefined ? null : resolve(vocabulary),
    architecture: { activation, tensors: given.values.get('tensors') ?? null },
    ...(readsBytes && { tokens: 'byte' }),
  };
}

function readResume(given: GivenOptions): ResumeCommand {
  const own = [...given.values.keys(), ...given.switches].find(
    (name) => !['resume', 'steps', 'json', 'verbose', 'tensorboard'].includes(name),
  );
  if (own !== undefined) throw new UsageError(localize('usage.withResume', own));
  if (given.positionals.length > 0) {
    throw new UsageError(localize('usage.corpusWithResume', given.positionals[0]));
  }
  return {
    kind: 'resume',
    json: given.switches.has('json'),
    folder: resolve(text(given, 'resume') ?? ''),
    steps: integer(given, 'steps', 1, 1e9) ?? null,
    tensorboard: folderOf(given),
  };
}

/** Where TensorBoard's files go; null for none. */
function folderOf(given: GivenOptions): string | null {
  const folder = text(given, 'tensorboard');
  return folder === undefined ? null : resolve(folder);
}

function readInspect(given: GivenOptions): InspectCommand {
  const model = onlyPositional(given, 'inspect', 'MODEL');
  const file = text(given, 'text');
  if (file === undefined && given.values.has('line')) throw new UsageError(localize('usage.lineWithoutText'));
  const target =
    given.values.get('target') === 'last'
      ? 'last'
      : (integer(given, 'target', 0, 1e9, localize('value.orLast')) ?? 'last');
  return {
    kind: 'inspect',
    json: given.switches.has('json'),
    model: modelOptions(given, model),
    text: file === undefined ? null : resolve(file),
    line: integer(given, 'line', 1, Number.MAX_SAFE_INTEGER) ?? null,
    step: integer(given, 'step', 0, Number.MAX_SAFE_INTEGER) ?? null,
    target: given.values.has('target') ? target : null,
    request: { target, thresholds: defaultThresholds, matrix: given.switches.has('matrix') },
    series: given.lists.get('tensor') ?? null,
    spectrum: integer(given, 'spectrum', 1, maxSpectrum) ?? null,
  };
}

function readSample(given: GivenOptions): SampleCommand {
  return {
    kind: 'sample',
    json: given.switches.has('json'),
    model: modelOptions(given, onlyPositional(given, 'sample', 'MODEL')),
    request: {
      prompt: given.values.get('prompt') ?? '',
      length: integer(given, 'length', 1, 1e7) ?? defaultSampling.length,
      temperature:
        number(given, 'temperature', (x) => x >= 0, localize('value.numberFromZero')) ?? defaultSampling.temperature,
      topK: integer(given, 'top-k', 1, 1e9) ?? null,
      topP: number(given, 'top-p', (x) => x > 0 && x <= 1, localize('value.numberAboveZeroToOne')) ?? null,
      seed: integer(given, 'seed', 0, 2 ** 31 - 1) ?? defaultSampling.seed,
    },
  };
}

function readExport(given: GivenOptions): ExportCommand {
  const model = onlyPositional(given, 'export', 'MODEL');
  const out = text(given, 'out');
  if (out === undefined || !['.onnx', '.safetensors'].includes(extname(out).toLowerCase())) {
    throw new UsageError(localize('usage.exportWithoutOut'));
  }
  return { kind: 'export', json: given.switches.has('json'), model: modelOptions(given, model), out: resolve(out) };
}

function onlyPositional({ positionals }: GivenOptions, command: CommandName, name: string): string {
  const [first, second] = positionals as readonly (string | undefined)[];
  if (first === undefined || first === '') throw new UsageError(localize('usage.argumentMissing', command, name));
  if (second !== undefined) throw new UsageError(localize('usage.argumentExtra', command, name, second));
  return first;
}

/** `.backflow/runs/<corpus>-<cell>-<time>` in the current folder, in local time. */
function defaultFolder(corpus: string, kinds: string, now: Date): string {
  const name = basename(corpus, extname(corpus)).replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const two = (part: number) => String(part).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return join('.backflow', 'runs', `${name}-${kinds}-${date}-${time}`);
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
