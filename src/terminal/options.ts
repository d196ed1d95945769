/** The options of each command: their names, what they take, and what help says of them. */
import { parseArgs } from 'node:util';
import { cellNames } from '../layers/catalog';
import { defaultModelSettings, defaultTrainingSettings, defaultVocabularySettings } from '../protocol/settings';
import { say, type TerminalKey } from './language';

/** Code units; an argument can be anything. */
const maxMessageLength = 1400;

/** Wrong use of the command line: one sentence, exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    const line = message.replace(/\p{Cc}/gu, '\ufffd');
    super(line.length <= maxMessageLength ? line : `${line.slice(0, maxMessageLength / 2)}…${line.slice(-maxMessageLength / 2)}`);
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
  json: { help: 'one JSON object a line on standard output, and nothing else' },
  verbose: { help: 'with an error, also show where in the program it arose' },
  help: { help: 'show this help', short: 'h' },
};

/** What a model's file may need beside it. */
const besideModel: Readonly<Record<string, OptionSpec>> = {
  vocab: { value: 'FILE', help: "the model's vocabulary: a JSON array of symbols, an object symbol → id, or a tokenizer.json" },
  activation: { value: 'NAME', help: 'activation of a vanilla RNN in a .safetensors file, which does not name it: tanh or relu' },
};
const modelFiles: readonly TerminalKey[] = [
  'MODEL is an ONNX model of any tool (.onnx), weights under PyTorch’s names (.safetensors), or the folder of a run.',
  'Without a vocabulary in the file or --vocab, the characters of the text, sorted, are the symbols, if their number fits.',
];

export const commands: Readonly<Record<CommandName, CommandSpec>> = {
  train: {
    usage: ['backflow train CORPUS [options]', 'backflow train CORPUS --from MODEL [options]', 'backflow train --resume DIR [--steps N]'],
    summary: 'Trains a recurrent language model on a text, and saves it.',
    options: {
      cell: { value: 'NAME', help: 'one of {0} ({1})', args: [cellNames.join(', '), model.cell] },
      activation: { value: 'NAME', help: 'activation of a vanilla RNN: tanh or relu ({0})', args: [model.activation] },
      layers: { value: 'N', help: 'layers of the stack ({0})', args: [model.layers] },
      bidirectional: { help: 'every layer also reads from the end to the beginning; trains with the masked objective' },
      hidden: { value: 'N', help: 'hidden size: units of a layer and direction ({0})', args: [model.hiddenSize] },
      embedding: { value: 'N', help: 'size of a learned embedding of the tokens (none: they are read one-hot)' },
      tied: { help: "the output's weights are the embedding's, whose size is that of the top layer's output" },
      objective: { value: 'NAME', help: 'what is predicted: next or masked tokens (next; masked with --bidirectional)' },
      dropout: { value: 'X', help: 'fraction of the outputs between layers that is dropped ({0})', args: [training.dropout] },
      tokens: { value: 'NAME', help: 'codePoint, grapheme, word or byte ({0})', args: [defaultVocabularySettings.unit] },
      'vocabulary-size': { value: 'N', help: 'largest number of symbols; rarer ones become the unknown token (no limit)' },
      mode: { value: 'NAME', help: 'how the corpus is read: stream or sequences ({0})', args: [training.mode] },
      split: { value: 'NAME', help: 'sequences: lines or paragraphs, which blank lines separate ({0})', args: [training.split] },
      'longest-sequence': { value: 'N', help: 'sequences: largest number of tokens in one; a text with a longer one is refused ({0})', args: [training.longestSequence] },
      window: { value: 'T', help: 'stream: steps of text over which one gradient is taken ({0})', args: [training.window] },
      batch: { value: 'B', help: 'parallel streams over the corpus, or sequences in one step ({0})', args: [training.batch] },
      truncate: { value: 'K', help: 'no gradient passes from step t to t − 1 where K divides t (no truncation)' },
      steps: { value: 'N', help: 'training steps, or none: until Ctrl-C ({0})', args: [defaultSteps] },
      epochs: { value: 'N', help: 'passes over the text, instead of --steps' },
      optimizer: { value: 'NAME', help: 'sgd, rmsprop, adagrad, adam or adamw ({0})', args: [training.optimizer] },
      'learning-rate': { value: 'X', help: 'the largest, with a warm-up or a schedule ({0})', args: [training.learningRate] },
      momentum: { value: 'X', help: 'momentum of sgd and rmsprop ({0})', args: [training.momentum] },
      nesterov: { help: "Nesterov's form of sgd's momentum" },
      'weight-decay': { value: 'X', help: "weight decay (PyTorch's: 0.01 for adamw, 0 for the others)" },
      schedule: { value: 'NAME', help: 'learning rate after the warm-up: constant, cosine or step ({0})', args: [training.schedule] },
      warmup: { value: 'N', help: 'steps over which the learning rate rises linearly ({0})', args: [training.warmupSteps] },
      'final-fraction': { value: 'X', help: 'cosine: what it falls to at the end of the run, as a fraction ({0})', args: [training.finalFraction] },
      'decay-every': { value: 'N', help: 'step: steps from one decay to the next ({0})', args: [training.decaySteps] },
      'decay-factor': { value: 'X', help: 'step: what the learning rate is multiplied by ({0})', args: [training.decayFactor] },
      'clip-norm': { value: 'X', help: 'largest global gradient norm, or none ({0})', args: [String(training.clipNorm)] },
      'clip-value': { value: 'X', help: 'largest entry of the gradient, or none; entries are cut before the norm is (none)' },
      init: { value: 'NAME', help: 'pytorch, xavier, orthogonal, identity or gaussian ({0})', args: [training.initialization] },
      'init-scale': { value: 'X', help: 'initialization scale: a factor on the recurrent matrices at the start; pytorch has none ({0})', args: [training.initScale] },
      gain: { value: 'X', help: 'the same as --init-scale' },
      'forget-bias': { value: 'X', help: "bias of an LSTM's forget gate at the start (the initialization's)" },
      seed: { value: 'N', help: 'seed of every random choice ({0})', args: [training.seed] },
      out: { value: 'DIR', help: 'folder of the run, new or empty (.backflow/runs/CORPUS-CELL-TIME)' },
      'checkpoint-every': { value: 'N', help: 'steps from one checkpoint to the next ({0})', args: [training.checkpointEvery] },
      'checkpoint-seconds': { value: 'N', help: 'seconds after which a checkpoint is saved at the latest ({0})', args: [training.checkpointSeconds] },
      keep: { value: 'N', help: 'newest checkpoints kept, besides the best by validation ({0})', args: [training.keptCheckpoints] },
      backend: { value: 'NAME', help: 'forward pass by ort (ONNX Runtime) or wasm (own kernels) ({0})', args: [training.backend] },
      threads: { value: 'N', help: 'threads of ONNX Runtime (the engine chooses)' },
      from: { value: 'MODEL', help: 'starts from this model (.onnx, .safetensors or the folder of a run) instead of a new one' },
      vocab: { value: 'FILE', help: 'vocabulary for --from, if the model has none of its own' },
      resume: { value: 'DIR', help: "resumes a run with its own settings; --steps: total number of steps" },
      ...common,
    },
    notes: [
      'Ctrl-C stops training, saves a checkpoint and exits with status 0. A second Ctrl-C exits at once.',
      'With --json: {"event":"step", "step", "loss", "gradientNorm", "clippedNorm", "tokens", "tokensPerSecond"} every step, and last',
      '{"event":"done", "run", "model", "loss", "validationLoss", "tokensPerSecond", "backend"}. Losses are in nats per token;',
      'a number that is not finite is null.',
    ],
  },
  inspect: {
    usage: ['backflow inspect MODEL --text FILE [options]'],
    summary: 'Shows how gradients flow back through a text.',
    options: {
      text: { value: 'FILE', help: 'the text, taken whole; its last token is only a target' },
      target: { value: 'T', help: 'step whose loss is traced back, 0 is the first, or last (last)' },
      matrix: { help: 'also the source × target matrix' },
      ...besideModel,
      ...common,
    },
    notes: [
      ...modelFiles,
      'With --json: one object. In "log10" and "matrix" null stands for a state that cannot reach the target, and also for a',
      'gradient of exactly zero (a dead relu path), whose logarithm JSON cannot say. A model of another tool also has "proof":',
      'the recognized model and the file’s own graph, both run on the text, and how far they differ; and "notices" on reading it.',
    ],
  },
  sample: {
    usage: ['backflow sample MODEL [options]'],
    summary: 'Generates text.',
    options: {
      length: { value: 'N', help: 'tokens to generate ({0})', args: [defaultSampling.length] },
      temperature: { value: 'X', help: '0 always takes the likeliest token ({0})', args: [defaultSampling.temperature] },
      'top-k': { value: 'K', help: 'draws only from the K likeliest tokens (all)' },
      'top-p': { value: 'X', help: 'draws only from the likeliest tokens that together have this probability (all)' },
      prompt: { value: 'TEXT', help: 'text to continue' },
      seed: { value: 'N', help: 'help.sample.seed', args: [defaultSampling.seed] },
      ...besideModel,
      ...common,
    },
    notes: [
      ...modelFiles,
      'Prints the prompt and what follows; a model of sequences ends at the end of one. With --json: {"prompt", "text"}, the text',
      'without the prompt.',
    ],
  },
  export: {
    usage: ['backflow export MODEL --out FILE [options]'],
    summary: 'Writes a model for other tools.',
    options: {
      out: { value: 'FILE', help: '.onnx: a graph from token ids to logits; .safetensors: weights under PyTorch’s names and in its gate order' },
      ...besideModel,
      ...common,
    },
    notes: [...modelFiles, 'The file’s metadata holds the vocabulary. With --json: {"path"}.'],
  },
};

/** What was written on the command line: every option at most once (the last counts), not yet read. */
export interface GivenOptions {
  readonly values: ReadonlyMap<string, string>;
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
      Object.entries(options).map(([option, { short }]) => [option, { type: takesValue(option) ? 'string' : 'boolean', ...(short !== undefined && { short }) }]),
    ),
  });
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, value, inlineValue } = token;
    if (!Object.hasOwn(options, token.name)) {
      throw new UsageError(say('{0} is not an option of backflow {1}; see backflow {1} --help.', rawName, name));
    }
    if (takesValue(token.name)) {
      if (value === undefined || (!inlineValue && isOption(value, options))) throw new UsageError(say('{0} needs a value.', rawName));
      values.set(token.name, value);
    } else {
      if (inlineValue === true) throw new UsageError(say('{0} takes no value.', rawName));
      switches.add(token.name);
    }
  }
  return { values, switches, positionals };
}

/** Whether a value is rather the next option: `--out --json`. */
function isOption(value: string, options: CommandSpec['options']): boolean {
  return value.startsWith('--') && Object.hasOwn(options, value.slice(2).split('=')[0]);
}
