/**
 * Modules that are the two directions of one layer, as people build them of cells that know one direction only: one reads the text, the other reads it from its end, and
 * what reads them gets what both give, side by side. Their names say it (`forward_rnn`, `backward_rnn`), or a person does.
 */
import { UserError } from '../../userError';
import { betweenDirections } from './answers';
import { byNumbers, type RecurrentLayer, type RecurrentModule } from './recurrentModules';
import { nameIn } from './weightTensors';

/** In words that begin or end with anything but a letter. */
const words = [
  ['forward', 'backward'],
  ['forwards', 'backwards'],
  ['forward', 'reverse'],
  ['forward', 'back'],
  ['fwd', 'bwd'],
  ['fwd', 'rev'],
  ['fw', 'bw'],
  ['l2r', 'r2l'],
  ['ltr', 'rtl'],
] as const;
const ofBackward = Array.from(new Set(words.map(([, backward]) => backward)));

/**
 * With those made one whose names say that they are two directions; null where no names do. Throws a UserError where a pair is no layer in two directions.
 */
export function pairedByName(modules: readonly RecurrentModule[], file: string): readonly RecurrentModule[] | null {
  const backwards = new Map(
    modules.flatMap((module) => {
      const backward = modules.find(({ name }) => namesOfBackward(module.name).includes(name));
      return backward ? [[module, backward] as const] : [];
    }),
  );
  if (backwards.size === 0) return null;
  const others = new Set(backwards.values());
  return modules.flatMap((forward) => {
    const backward = backwards.get(forward);
    if (!backward) return others.has(forward) ? [] : [forward];
    const pair = pairOf(forward, backward);
    if (!pair) throw twoDirections(file, [forward.name, backward.name]);
    return [pair];
  });
}

/**
 * Those whose names are numbered, each with the next: the modules of a list that has two for each layer. Null where they are not alike by twos; nothing but their
 * order and their sizes says that they are directions.
 */
export function pairedByNumber(modules: readonly RecurrentModule[]): readonly RecurrentModule[] | null {
  const row = modules.length % 2 === 0 ? byNumbers(modules) : null;
  if (!row || row.length === 0) return null;
  const pairs = row.flatMap((forward, i) => (i % 2 === 0 ? [pairOf(forward, row[i + 1])] : []));
  return pairs.every((pair) => pair !== null) ? pairs.map((pair) => ({ ...pair, isGuess: true })) : null;
}

/**
 * Two that are alike, and neither names nor numbers say that they are directions, nor which is which: both ways, to be asked about where what reads them reads the states
 * of both. Empty for any others.
 */
export function pairedAsTwo(modules: readonly RecurrentModule[]): (readonly RecurrentModule[])[] {
  if (modules.length !== 2 || byNumbers(modules)) return [];
  const [one, other] = modules;
  return [pairOf(one, other), pairOf(other, one)].flatMap((pair) => (pair ? [[{ ...pair, isGuess: true }]] : []));
}

/** Of two modules whose states do not stand side by side before what reads them. */
export function twoDirections(file: string, names: readonly string[]): UserError {
  return new UserError('error.torch.twoDirections', file, names.join(', '));
}

/** Of the modules that are pairs, the names of those in them. */
export function namesInPairs(modules: readonly RecurrentModule[]): string[] {
  return modules.flatMap(({ pair = [] }) => pair.map(({ name }) => name));
}

function namesOfBackward(name: string): string[] {
  const exchanged = words.flatMap(([forward, backward]) => {
    const changed = name.replace(new RegExp(`(?<![a-z])${forward}(?![a-z])`, 'gi'), backward);
    return changed === name ? [] : [changed];
  });
  return [...exchanged, ...ofBackward.flatMap((word) => [nameIn(name, word), `${name}_${word}`])];
}

/** Null where they are not alike, or not of one layer in one direction each. */
function pairOf(forward: RecurrentModule, backward: RecurrentModule): RecurrentModule | null {
  const [[own, ...above], [other, ...othersAbove]] = [forward.layers, backward.layers];
  if (above.length > 0 || othersAbove.length > 0 || !areAlike(own, other)) return null;
  return {
    name: `${forward.name}${betweenDirections}${backward.name}`,
    pair: [forward, backward],
    layers: [
      {
        ...own,
        directions: [...own.directions, ...other.directions],
        outputSize: 2 * own.hiddenSize,
        source: `${own.source}; ${other.source}`,
      },
    ],
  };
}

function areAlike(a: RecurrentLayer, b: RecurrentLayer): boolean {
  return (
    a.cell === b.cell &&
    a.hiddenSize === b.hiddenSize &&
    a.inputSize === b.inputSize &&
    a.directions.length === 1 &&
    b.directions.length === 1
  );
}
