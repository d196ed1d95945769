/** The file that PyTorch would leave of a random model, under random names, with what else lies in such files. */
import type { Random } from '../../../src/core/model/random';
import { below, oneOf } from '../format';
import { matrix, outputSize, trueModel, type Matrix, type TrueModel } from './architecture';
import { brains, doubles, floats, safetensorsOf, type FileTensor } from './file';

export interface StateDict {
  readonly bytes: Uint8Array;
  readonly model: TrueModel;
  /** What the model computes besides, for which a stack has no place; undefined where there is nothing. */
  readonly beyond: string | undefined;
  /** PyTorch's own layout and nothing else: such a file must be read. */
  readonly isClear: boolean;
  /** For the message. */
  readonly names: string;
}

/** Of embedding and output. Names that mislead are among them. */
const ends = [
  ['embedding', 'output'],
  ['embed', 'unembed'],
  ['encoder', 'decoder'],
  ['decoder', 'encoder'],
  ['output', 'embedding'],
  ['0', '2'],
  ['3', '1'],
  ['C', 'proj'],
  ['inp', 'head'],
  ['wte', 'lm_head'],
  ['a', 'b'],
  ['b', 'a'],
  ['transformer.wte', 'head.out'],
  ['emb.0', 'emb.1'],
] as const;
const prefixes = ['', '', 'module.', '_orig_mod.', 'model.', 'module._orig_mod.', 'net.lm.'];
const rows = ['lstm#', 'rnns.#', 'layers.#.rnn', 'cell_#', 'gru#.cell', '#'];

export function stateDict(random: Random): StateDict {
  const model = trueModel(random);
  const put = new Map<string, Matrix>();
  const metadata: Record<string, string> = random.uniform() < 0.3 ? { format: 'pt' } : {};
  if (random.uniform() < 0.2)
    metadata['vocabulary'] = JSON.stringify(Array.from({ length: model.V }, (_, id) => String.fromCodePoint(97 + id)));
  const prefix = oneOf(prefixes, random);
  const [first, last] = oneOf(ends, random);
  const isRaw = random.uniform() < 0.12;
  const weight = (module: string) => prefix + module + (isRaw ? '' : '.weight');
  const bias = (module: string) => prefix + module + (isRaw ? oneOf(['_b', '_bias'], random) : '.bias');
  const isTied = model.output === model.embedding;
  const kept = isTied ? oneOf(['both', 'first', 'last', 'aliasFirst', 'aliasLast'] as const, random) : 'both';
  if (model.embedding && !['last', 'aliasLast'].includes(kept)) put.set(weight(first), model.embedding);
  if (!['first', 'aliasFirst'].includes(kept)) put.set(weight(last), model.output);
  if (kept === 'aliasFirst') metadata[weight(last)] = weight(first);
  if (kept === 'aliasLast') metadata[weight(first)] = weight(last);
  if (model.bias) put.set(bias(last), model.bias);
  const isNumbered = putModules(model, prefix, put, random);
  if (model.norm) {
    put.set(`${prefix}ln_f.weight`, model.norm.gamma);
    put.set(`${prefix}ln_f.bias`, model.norm.beta);
  }
  const beyond = random.uniform() < 0.25 ? putBeyond(model, prefix, put, random) : undefined;
  const tensors = new Map(Array.from(put, ([name, { shape, values }]) => [name, floats(shape, values)] as const));
  const strangers = random.uniform() < 0.4 ? putStrangers(model, tensors, random) : 0;
  const kind = random.uniform();
  const typed = new Map(
    Array.from(tensors, ([name, tensor]) => [
      name,
      tensor.dtype !== 'F32' || kind < 0.7 ? tensor : kind < 0.85 ? doubles(tensor) : brains(tensor),
    ]),
  );
  return {
    bytes: safetensorsOf(
      shuffled(typed, random),
      Object.keys(metadata).length > 0 ? metadata : oneOf([null, undefined], random),
    ),
    model,
    beyond,
    isClear:
      !isRaw &&
      !model.norm &&
      strangers === 0 &&
      isNumbered &&
      beyond === undefined &&
      model.bias !== null &&
      (isTied ? kept !== 'last' || model.V !== model.I : model.embedding !== null || model.V !== model.width),
    names: Array.from(typed, ([name, { dtype, shape }]) => `${name} ${dtype} [${shape.join()}]`).join('; '),
  };
}

/** Whether the order of the modules can be told from their names. */
function putModules({ modules }: TrueModel, prefix: string, put: Map<string, Matrix>, random: Random): boolean {
  const isNumbered = modules.length === 1 || random.uniform() < 0.75;
  const others = shuffledList(['lower', 'upper', 'main', 'extra'], random);
  const pattern = oneOf(rows, random);
  // `1` is also a module of a sequence whose first and third are the ends.
  const start = pattern === '#' ? 5 : below(3, random);
  const single = oneOf(['rnn', 'lstm', '1', 'encoder.rnn', 'core'], random);
  modules.forEach(({ layers, isCell }, m) => {
    const numbered = pattern.replace('#', String(start + m));
    const name = prefix + (modules.length === 1 ? single : isNumbered ? numbered : others[m]);
    layers.forEach((directions, layer) =>
      directions.forEach(({ W, R, Wb, Rb }, d) => {
        const suffix = isCell ? '' : `_l${layer}${d === 1 ? '_reverse' : ''}`;
        put.set(`${name}.weight_ih${suffix}`, W);
        put.set(`${name}.weight_hh${suffix}`, R);
        if (Wb) put.set(`${name}.bias_ih${suffix}`, Wb);
        if (Rb) put.set(`${name}.bias_hh${suffix}`, Rb);
      }),
    );
  });
  return isNumbered;
}

/** Something that changes what the model computes: its name; undefined where it cannot be told from another model, or not be with this one. */
function putBeyond(model: TrueModel, prefix: string, put: Map<string, Matrix>, random: Random): string | undefined {
  const { V, I, width, modules, embedding, output, bias } = model;
  const set = (name: string, ...shape: number[]) => {
    put.set(prefix + name, matrix(shape, random));
  };
  const vectors = (module: string, size: number, ...leaves: string[]) => {
    for (const leaf of leaves) set(`${module}.${leaf}`, size);
  };
  const linear = (name: string, from: number, to: number) => {
    set(`${name}.weight`, to, from);
    if (random.uniform() < 0.7) set(`${name}.bias`, to);
  };
  // One of V rows cannot be told from an embedding.
  const T = 9 + below(9, random);
  const M = 10 + below(5, random);
  const lowest = outputSize(modules[0]);
  const kinds: Readonly<Record<string, { readonly when: boolean; readonly put: () => void }>> = {
    positions: { when: embedding !== null, put: () => set('positions.weight', T, I) },
    positionsParameter: { when: embedding !== null, put: () => set('pos', 1, T, I) },
    normOfEmbedding: { when: embedding !== null, put: () => vectors('ln', I, 'weight', 'bias') },
    normBetween: { when: modules.length > 1, put: () => vectors('norms.0', lowest, 'weight', 'bias') },
    rmsNorm: { when: true, put: () => vectors('norm', width, 'weight') },
    batchNorm: { when: true, put: () => vectors('bn', width, 'weight', 'bias', 'running_mean', 'running_var') },
    plainBatchNorm: { when: true, put: () => vectors('bn', width, 'running_mean', 'running_var') },
    // Where a layer has as many rows as there are symbols, its file is that of a model in which it is the output, or the embedding.
    linearBefore: { when: embedding !== null && I !== V, put: () => linear('fc0', I, I) },
    linearAfter: { when: width !== V, put: () => linear('fc1', width, width) },
    direct: { when: embedding !== null && I !== V, put: () => set('direct.weight', V, V) },
    hiddenHead: {
      when: true,
      put: () => {
        linear('mlp.0', width, M);
        linear('mlp.2', M, width);
      },
    },
    initialState: { when: true, put: () => set('h0', 1, 1, modules[0].hiddenSize) },
    // The output is not of symbols.
    classes: {
      when: embedding !== null && output !== embedding,
      put: () => {
        for (const [name, own] of put)
          if (own === output || own === bias) put.set(name, matrix([own.shape[0] + 7, ...own.shape.slice(1)], random));
      },
    },
    projection: { when: true, put: () => set('rnn9.weight_hr_l0', 2, width) },
    dropped: { when: true, put: () => set('rnn.weight_hh_l0_raw', width, width) },
    parallel: {
      when: true,
      put: () => {
        for (const [name, { shape }] of Array.from(put))
          if (/weight_|bias_/.test(name)) put.set(name.replace(/([^.]*)$/, 'backward.$1'), matrix(shape, random));
      },
    },
  };
  const name = oneOf(Object.keys(kinds), random);
  if (!kinds[name].when) return undefined;
  kinds[name].put();
  return name;
}

/** Tensors that have nothing to do with what the model computes; how many. */
function putStrangers({ V, width, I }: TrueModel, tensors: Map<string, FileTensor>, random: Random): number {
  const before = tensors.size;
  const own = Array.from(tensors);
  const vector = (name: string, ...shape: number[]) => {
    const { values } = matrix(shape, random);
    tensors.set(name, floats(shape, values));
  };
  const bytes = (name: string, dtype: string, size: number, ...shape: number[]) =>
    tensors.set(name, { dtype, shape, bytes: new Uint8Array(size * shape.reduce((a, b) => a * b, 1)) });
  const kinds = [
    () => vector('criterion.weight', V),
    () => vector('class_weights', V),
    () => vector('frequencies', V),
    () => vector('temperature'),
    () => vector('nothing', 0, width),
    () => bytes('bn.num_batches_tracked', 'I64', 8),
    () => bytes('mask', 'BOOL', 1, V, V),
    () => bytes('position_ids', 'I64', 8, 1, V),
    () => bytes('quantized', 'F8_E4M3', 1, V, I),
    () => bytes('counts', 'I16', 2, V),
    () => {
      vector('value.weight', 1, width);
      vector('value.bias', 1);
    },
    () => {
      vector('tags.weight', V + 9, width);
      vector('tags.bias', V + 9);
    },
    () => {
      for (const [name, { shape }] of own) {
        vector(`optimizer.exp_avg.${name}`, ...shape);
        vector(`optimizer.exp_avg_sq.${name}`, ...shape);
      }
    },
    () => {
      for (const [name, { shape }] of own) vector(`ema.${name}`, ...shape);
    },
    // A module that is registered twice.
    () => {
      for (const [name, tensor] of own) if (/weight_|bias_/.test(name)) tensors.set(`again.${name}`, tensor);
    },
    () => {
      for (const [name, tensor] of own) tensors.set(`copy.${name}`, tensor);
    },
  ];
  for (let n = 1 + below(2, random); n > 0; n--) oneOf(kinds, random)();
  return tensors.size - before;
}

function shuffled<T>(map: ReadonlyMap<string, T>, random: Random): Map<string, T> {
  return new Map(shuffledList(Array.from(map), random));
}

function shuffledList<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((value) => ({ value, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
