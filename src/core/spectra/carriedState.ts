/**
 * What a model carries from step to step, and how it changes with what it was a step before: the Jacobian J_t = ∂s_t/∂s_{t−1} of the states of all layers in one
 * direction, which is lower triangular in depth, layer by layer. What the other direction of a stack of two gives is held.
 */
import type { Direction } from '../../layers/direction';
import { normalizeTangents } from '../float64/norm';
import { rowsOf, type Float64Layer, type Float64Sublayer, type Float64Trace } from '../float64/float64Trace';
import type { Float64Cell } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { layerOutputSize } from '../model/generalModel';
import { RecurrentMemory, RecurrentProducts } from './recurrentProducts';

/** Numbers of the carried state that the steps mix with each other, but not with those of other blocks. */
export interface StateBlock {
  /** Numbers in it. */
  readonly size: number;
  /**
   * V ← J_t V, V [size, n]; null of a block of which only `logFactors` is known: there J_t is diagonal, with what the layer reads held.
   * Never forms J_t: a product with R, and rows scaled.
   */
  readonly advance: ((t: number, V: Float64Array, n: number) => void) | null;
  /** ln of J_t's diagonal, where its exponents are the means of that: every layer keeps of each number a factor of its own. Null of others. @param out [size] */
  readonly logFactors: ((t: number, out: Float64Array) => void) | null;
}

export interface CarriedState {
  readonly direction: Direction;
  /** The text's steps as this direction reads them. */
  readonly order: Int32Array;
  readonly blocks: readonly StateBlock[];
  /** n: of all blocks. */
  readonly size: number;
}

/** A layer gives what it read of all steps, whatever it carries: so there is no carried state of so many numbers. */
export class NoCarriedState extends Error {}

/**
 * The forward direction first. A stack of recurrent cells is one block; with a mixer in it, each layer is a block, what it reads held: exponents are the same so, since
 * J_t is triangular in depth.
 * Throws NoCarriedState where a layer is a mixer without states, as attention.
 */
export function carriedStates(trace: Float64Trace): CarriedState[] {
  const { layers, steps } = trace;
  const isMixed = layers.some(hasMixer);
  if (
    isMixed &&
    layers.some((layer) => hasMixer(layer) && !mixersOf(layer).some(({ mixer }) => mixer && 'logFactors' in mixer.code))
  )
    throw new NoCarriedState('a layer carries no state');
  const directions = isMixed ? (['forward'] as const) : layers[0].directions.map(({ direction }) => direction);
  return directions.map((direction, d): CarriedState => {
    const blocks = isMixed
      ? layers.flatMap((layer, index) => (hasMixer(layer) ? mixerBlocks(layer) : [stackBlock(trace, [index], d)]))
      : [stackBlock(trace, Array.from(layers.keys()), d)];
    return {
      direction,
      order: Int32Array.from({ length: steps }, (_, visited) =>
        direction === 'forward' ? visited : steps - 1 - visited,
      ),
      blocks,
      size: blocks.reduce((sum, { size }) => sum + size, 0),
    };
  });
}

function mixersOf({ sublayers }: Float64Layer): readonly Float64Sublayer[] {
  return sublayers.filter(({ mixer }) => mixer !== null);
}

function hasMixer(layer: Float64Layer): boolean {
  return mixersOf(layer).length > 0;
}

function mixerBlocks(layer: Float64Layer): StateBlock[] {
  return mixersOf(layer).flatMap(({ mixer }): StateBlock[] => {
    if (!mixer?.code.logFactors) return [];
    const { code, layer: of, trace } = mixer;
    const factors = (t: number) => code.logFactors?.(of, trace, t) ?? new Float64Array(0);
    return [{ size: factors(0).length, advance: null, logFactors: (t, out) => out.set(factors(t)) }];
  });
}

/** One direction of a layer in a block. */
interface Part {
  readonly own: Float64Layer['directions'][number];
  readonly cell: Float64Cell;
  readonly sublayer: Float64Sublayer;
  readonly H: number;
  readonly states: number;
  /** Row of its first state in the block, and of this direction in what the layer gives, which is so wide. */
  readonly first: number;
  readonly column: number;
  readonly outputSize: number;
  readonly products: RecurrentProducts;
}

/** @param indices of layers, each of which reads the one before; what the first one reads is held */
function stackBlock(trace: Float64Trace, indices: readonly number[], d: number): StateBlock {
  let first = 0;
  const memory = new RecurrentMemory();
  const parts = indices.map((index): Part => {
    const layer = trace.layers[index];
    const { cell: name, hiddenSize: H, directions, sublayers } = layer;
    const own = directions[d];
    const cell = float64CellOf(name);
    const { W, R } = own.parameters;
    const part = {
      ...{ own, cell, H, first, sublayer: sublayers[0] },
      states: cell.states.length,
      column: d * H,
      outputSize: layerOutputSize(trace.model.layers[index]),
      // What the lowest layer reads does not change, so that its W is not needed.
      products: new RecurrentProducts(memory, index === indices[0] ? new Float64Array(0) : W, R, H, cell.gates.length),
    };
    first += part.states * H;
    return part;
  });
  const isDiagonal = parts.every(({ cell }) => cell.logFactors !== undefined);
  return {
    size: first,
    advance:
      parts.length === 1 && isDiagonal
        ? null
        : (t, V, n) => {
            // How what the next layer reads changes, [I, n]; null where it does not.
            let up: Float64Array | null = null;
            for (const part of parts) up = advanceLayer(part, n, t, V, up, part === parts.at(-1));
          },
    logFactors: isDiagonal
      ? (t, out) => {
          for (const { cell, own, first: at, H } of parts) cell.logFactors?.(own, t, out.subarray(at, at + H));
        }
      : null,
  };
}

/** V's rows of this layer one step on. @param up how what the layer reads changes  @returns the same of the next layer, [O, n]; null of the last */
function advanceLayer(
  part: Part,
  n: number,
  t: number,
  V: Float64Array,
  up: Float64Array | null,
  isLast: boolean,
): Float64Array | null {
  const { own, cell, sublayer, H, first, states, column, outputSize, products } = part;
  const rows = Array.from({ length: states }, (_, state) =>
    V.subarray((first + state * H) * n, (first + (state + 1) * H) * n),
  );
  const { norm, residual, input } = sublayer;
  let read = up;
  if (up && norm && input) normalizeTangents(input, t, (read = up.slice()), n, norm);
  products.begin(n, read);
  cell.tangents(own, { n, step: t, ...rowsOf(own, t), states: rows, products });
  if (isLast) return null;
  const given = residual && up ? up.slice() : new Float64Array(outputSize * n);
  for (let i = 0, to = column * n; i < H * n; i++, to++) given[to] += rows[0][i];
  return given;
}
