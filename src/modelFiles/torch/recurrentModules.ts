/** `nn.RNN`, `nn.LSTM`, `nn.GRU` and their cells among a file's tensors, each with its layers, and the rows in which they can stand. */
import { kindOfBlocks, type CellName } from '../../layers/catalog';
import type { LayerOptions } from '../../layers/options';
import { UserError } from '../../userError';
import { haveSameNumbers, nameIn, unreadable, type WeightTensor } from './weightTensors';
import { between, betweenDirections } from './answers';

/** Of one direction; what the file or the kind lacks is null. */
export interface RecurrentTensors {
  readonly W: WeightTensor;
  readonly R: WeightTensor | null;
  readonly Wb: WeightTensor | null;
  readonly Rb: WeightTensor | null;
}

export interface RecurrentLayer {
  readonly cell: CellName;
  /** Null where the file does not say. */
  readonly options: LayerOptions | null;
  /** H, and I: what it reads. */
  readonly hiddenSize: number;
  readonly inputSize: number;
  /** D·H. */
  readonly outputSize: number;
  /** Rows of its weights, G·H. */
  readonly rows: number;
  /** The forward one first. */
  readonly directions: readonly RecurrentTensors[];
  readonly source: string;
}

export interface RecurrentModule {
  /** Empty for one that is the whole model. */
  readonly name: string;
  /** The two modules that are taken for the directions of one layer; and nothing but their order says so. */
  readonly pair?: readonly [RecurrentModule, RecurrentModule];
  readonly isGuess?: boolean;
  /** The lowest first; at least one. */
  readonly layers: readonly RecurrentLayer[];
}

/** In a row, the lowest first; at least one. */
export type Chain = readonly RecurrentModule[];

const pattern = /^(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d+)(_reverse)?)?$/;
/** What weight norm, spectral norm, pruning and weight drop leave in place of a weight, and what a weight of eight bits or fewer is multiplied by. */
const computed = /(^|\.)(parametrizations\.|(weight|bias)\w*_(g|v|u|orig|mask|raw|bar|scales?|scale_inv|zero_point)$)/;

export function isRecurrent(name: string): boolean {
  return pattern.test(name);
}

/** Whether a weight is computed from this tensor when the model runs; undefined where none is. */
export function computedWeight(names: Iterable<string>): string | undefined {
  return Array.from(names).find((name) => computed.test(name));
}

/** Of the tensors for which `isRecurrent`. Throws a UserError where one is missing or has a wrong shape. */
export function recurrentModules(tensors: ReadonlyMap<string, WeightTensor>, file: string): RecurrentModule[] {
  const layers = new Map<string, Set<number>>();
  const reversed = new Set<string>();
  const cells = new Set<string>();
  for (const name of tensors.keys()) {
    const [, module = '', role, layer, reverse] = pattern.exec(name) as unknown as (string | undefined)[];
    if (role === 'weight_hr') throw new UserError('error.torch.projection', file, name);
    layers.set(module, (layers.get(module) ?? new Set()).add(Number(layer ?? 0)));
    if (reverse !== undefined) reversed.add(module);
    if (layer === undefined) cells.add(module);
  }
  return Array.from(layers, ([name, indices]): RecurrentModule => {
    const ordered = Array.from(indices).sort((a, b) => a - b);
    const read = ordered.map((index, position) => {
      // The tensor that would be missing says it best.
      const suffix = cells.has(name) ? '' : `_l${position}`;
      if (index !== position)
        throw new UserError('error.torch.tensorMissing', file, nameIn(name, `weight_ih${suffix}`));
      return layerOf(tensors, name, suffix, reversed.has(name), file);
    });
    read.slice(1).forEach(({ inputSize, directions, source }, below) => {
      const { outputSize } = read[below];
      if (inputSize !== outputSize) throw shapeError(directions[0].W, [read[below + 1].rows, outputSize], file, source);
    });
    return { name, layers: read };
  });
}

function layerOf(
  tensors: ReadonlyMap<string, WeightTensor>,
  module: string,
  suffix: string,
  hasReverse: boolean,
  file: string,
): RecurrentLayer {
  const read = (end: string) => directionOf(tensors, module, `${suffix}${end}`, file);
  const directions = hasReverse ? [read(''), read('_reverse')] : [read('')];
  const [{ R, W }] = directions;
  const [rows, hiddenSize] = R.shape;
  const kind = kindOfBlocks(rows / hiddenSize);
  if (!kind) throw new UserError('error.torch.cellUnknown', file, R.names[0], R.shape.join(', '));
  const [, inputSize] = W.shape;
  for (const direction of directions) {
    checkShape(direction.R, [rows, hiddenSize], file);
    checkShape(direction.W, [rows, inputSize], file);
    if (direction.Wb) checkShape(direction.Wb, [rows], file);
    if (direction.Rb) checkShape(direction.Rb, [rows], file);
  }
  const outputSize = directions.length * hiddenSize;
  return {
    cell: kind.name,
    options: {},
    hiddenSize,
    inputSize,
    outputSize,
    rows,
    directions,
    source: nameIn(module, `*${suffix}`),
  };
}

function directionOf(
  tensors: ReadonlyMap<string, WeightTensor>,
  module: string,
  suffix: string,
  file: string,
): RecurrentTensors & { readonly R: WeightTensor } {
  const named = (role: string) => nameIn(module, `${role}${suffix}`);
  const needed = (role: string) => {
    const found = tensors.get(named(role));
    if (!found) throw new UserError('error.torch.tensorMissing', file, named(role));
    return found;
  };
  const matrix = (role: string) => {
    const found = needed(role);
    const { names, shape } = found;
    if (!found.data && shape.length === 0) throw unreadable(found, file);
    if (shape.length !== 2 || shape.includes(0))
      throw new UserError('error.torch.cellUnknown', file, names[0], shape.join(', '));
    return found;
  };
  // PyTorch's modules have both biases or none.
  const hasBias = tensors.has(named('bias_ih')) || tensors.has(named('bias_hh'));
  return {
    W: matrix('weight_ih'),
    R: matrix('weight_hh'),
    Wb: hasBias ? needed('bias_ih') : null,
    Rb: hasBias ? needed('bias_hh') : null,
  };
}

function checkShape(tensor: WeightTensor, shape: readonly number[], file: string): void {
  if (tensor.shape.join() !== shape.join()) throw shapeError(tensor, shape, file, tensor.names[0]);
}

function shapeError({ shape }: WeightTensor, expected: readonly number[], file: string, name: string): UserError {
  return new UserError('error.torch.tensorShape', file, name, shape.join(', '), expected.join(', '));
}

export function inputSizeOf([lowest]: Chain): number {
  return lowest.layers[0].inputSize;
}

export function outputSizeOf(module: RecurrentModule): number {
  return module.layers[module.layers.length - 1].outputSize;
}

export function chainName(chain: Chain): string {
  return chain.map(({ name }) => name).join(between);
}

/** More are not worth telling apart, nor looking for longer: all that is then found is the row by their numbers. */
const maxChains = 100;
const maxTries = 10_000;

/** Every order in which each module reads what the one below gives; the one by the numbers in their names first, if it is among them. */
export function chainsOf(modules: readonly RecurrentModule[]): Chain[] {
  const found: Chain[] = [];
  const numbered = byNumbers(modules);
  if (numbered && fits(numbered)) found.push(numbered);
  let tries = 0;
  const extend = (row: Chain, rest: readonly RecurrentModule[]) => {
    if (found.length >= maxChains || ++tries > maxTries) return;
    if (rest.length === 0 && (!numbered || chainName(row) !== chainName(numbered))) found.push(row);
    for (const next of rest) {
      const longer = [...row, next];
      if (fits(longer.slice(-2)))
        extend(
          longer,
          rest.filter((each) => each !== next),
        );
    }
  };
  extend([], modules);
  return found;
}

function fits(chain: Chain): boolean {
  return chain.every((module, i) => i === 0 || module.layers[0].inputSize === outputSizeOf(chain[i - 1]));
}

/** `lstm1`, `lstm2`; `rnns.0`, `rnns.1`; `rnn`, `rnn2`. Null where the names differ otherwise than by one number. */
export function byNumbers(modules: readonly RecurrentModule[]): Chain | null {
  if (modules.length < 2) return modules;
  const names = modules.map(({ name }) => name.split(betweenDirections)[0]);
  const numbers = names.map((name) => Array.from(name.matchAll(/\d+/g)));
  const most = Math.max(...numbers.map(({ length }) => length));
  for (let place = 0; place < most; place++) {
    const parts = names.map((name, i) => {
      const number = numbers[i].at(place);
      if (!number) return { stem: name, value: -1 };
      const { index, 0: digits } = number;
      return { stem: name.slice(0, index) + name.slice(index + digits.length), value: Number(digits) };
    });
    const isRow = parts.every(({ stem }) => stem.replace(/[._]$/, '') === parts[0].stem.replace(/[._]$/, ''));
    if (isRow && new Set(parts.map(({ value }) => value)).size === modules.length)
      return modules
        .map((module, i) => ({ module, value: parts[i].value }))
        .sort((a, b) => a.value - b.value)
        .map(({ module }) => module);
  }
  return null;
}

/** Without those that have the numbers of another: it is stored under two names. Where one reads what it gives, it may also be called twice. */
export function withoutTwins(modules: readonly RecurrentModule[]): RecurrentModule[] {
  return modules.filter((module, i) => !modules.slice(0, i).some((other) => areTwins(module, other)));
}

function areTwins(a: RecurrentModule, b: RecurrentModule): boolean {
  const [own, others] = [a, b].map(({ layers }) =>
    layers.flatMap(({ directions }) => directions.flatMap(({ W, R, Wb, Rb }) => [W, R, Wb, Rb])),
  );
  return (
    own.length === others.length &&
    own.every((tensor, i) => {
      const other = others[i];
      return tensor === other || (tensor !== null && other !== null && haveSameNumbers(tensor, other));
    })
  );
}

/** Of modules of one name and size in different places, such as those of an average kept beside the model: these places. Of twins that have no name in common, their own. */
export function placesOfCopies(modules: readonly RecurrentModule[]): string[] {
  const sizesOf = ({ layers }: RecurrentModule) => layers.map(({ rows, inputSize }) => `${rows} ${inputSize}`).join();
  const places = modules.flatMap((module) =>
    modules
      .filter((other) => other !== module && sizesOf(other) === sizesOf(module))
      .map((other) => {
        const place = placeBefore(module.name.split('.'), other.name.split('.'));
        return place === '' && areTwins(module, other) ? module.name : place;
      }),
  );
  return Array.from(new Set(places)).filter((place) => place !== '');
}

/** What is left of a name without the parts at its end that another has too; empty where they have none in common. */
function placeBefore(parts: readonly string[], others: readonly string[]): string {
  const isCommon = (i: number) => i < others.length && parts.at(-1 - i) === others.at(-1 - i);
  const common = parts.findIndex((_, i) => !isCommon(i));
  return common > 0 ? parts.slice(0, parts.length - common).join('.') : '';
}
