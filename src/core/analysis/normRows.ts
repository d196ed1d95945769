/** Rows of gradients at one step, back through a norm: each of them has read the same. */
import { at } from '../../kernels/arena';
import type { NormWeights, Parameters } from '../model/parameters';
import type { NormTape, Tape } from '../model/tape';

/**
 * ∂ℓ/∂y → ∂ℓ/∂x in place.
 * @param tape of one stream (B = 1)  @param x [T, F]: what the norm has read  @param gradient [rows, F] from `from`
 */
export function normRowsBack(
  { arena }: Tape,
  { kind, statistics }: NormTape,
  weights: NormWeights | null,
  x: Float32Array,
  t: number,
  gradient: Float32Array,
  from: number,
  rows: number,
): void {
  if (!weights) throw new Error('a norm without weights');
  const { gamma } = weights;
  const F = gamma.length;
  const isRms = Number(kind === 'rmsNorm');
  for (let r = 0; r < rows; r++)
    arena.kernels.normBackward(
      1,
      F,
      at(x, t * F),
      at(gamma),
      isRms,
      at(statistics, 2 * t),
      at(gradient, from + r * F),
      0,
      0,
    );
}

/** The same of the norm before a sublayer. */
export function sublayerNormBack(
  tape: Tape,
  parameters: Parameters,
  layer: number,
  sublayer: number,
  t: number,
  gradient: Float32Array,
  from: number,
  rows: number,
): void {
  const { norm } = tape.layers[layer].sublayers[sublayer];
  const x = tape.inputOf(layer, sublayer);
  if (norm && x) normRowsBack(tape, norm, parameters.norms[layer][sublayer], x, t, gradient, from, rows);
}
