/**
 * What reaches the input of the lowest layer: ∂/∂x_t = Σ_d W_dᵀ ∂/∂a_t, d its directions, as lengths. x_t is the one-hot token or its embedding; steps
 * are taken block by block, since of one-hot tokens a row is as long as the vocabulary.
 */
import { cellOf } from '../layers/registry';
import { inputSize, type ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import type { PerTargetWalk, SentDown } from './perTargetWalk';
import { lengthOf, log10Of } from './scaled';

const maxStepsOfBlock = 256;
/** Numbers in a block, of a large vocabulary. */
const maxNumbersOfBlock = 2 ** 20;

/** Of one direction of the lowest layer; without scales as it is. */
type LowestGradient = Pick<SentDown<Float32Array>, 'preActivations'> & Partial<SentDown<Float32Array>>;

export class InputGradient {
  private readonly stepsOfBlock: number;
  /** Of each direction stepsOfBlock × I. */
  private readonly rows: readonly Float32Array[];
  /** Of each direction but the last T × G·H: see `keep`. */
  private readonly copies: readonly Float32Array[];
  private kept: LowestGradient[] = [];

  /** @param tape of one stream (B = 1)  @param parameters in its arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { arena, config, maxSteps } = tape;
    const directions = parameters.layers[0];
    const I = inputSize(config, 0);
    this.stepsOfBlock = stepsOfInputBlock(config, maxSteps);
    this.rows = directions.map(() => arena.floats(this.stepsOfBlock * I));
    this.copies = directions.slice(1).map(() => arena.floats(maxSteps * lowestWidth(config)));
  }

  /** Keeps a direction's gradient for `keptLengths`: a copy, unless it is the last direction's, which must then stay as it is. */
  keep(d: number, preActivations: Float32Array): void {
    if (d === 0) this.kept = [];
    if (d < this.copies.length) this.copies[d].set(preActivations);
    this.kept.push({ preActivations: d < this.copies.length ? this.copies[d] : preActivations });
  }

  /** ‖∂/∂x_t‖ of each step, from what has been kept. */
  async keptLengths(): Promise<Float64Array> {
    return (await this.logarithms(this.kept)).map((log10) => 10 ** log10);
  }

  /** log₁₀‖∂ℓ_τ/∂x_t‖ of the per-target gradient that was computed last: NaN where x_t cannot reach τ, −Infinity for exactly zero. */
  async flow({ lowest, isInputReached }: PerTargetWalk<Float32Array>): Promise<Float64Array> {
    return (await this.logarithms(lowest)).map((log10, t) => (isInputReached[t] === 1 ? log10 : NaN));
  }

  /** log₁₀‖∂/∂x_t‖ of each step; −Infinity for exactly zero. */
  private async logarithms(directions: readonly LowestGradient[]): Promise<Float64Array> {
    const {
      stepsOfBlock,
      tape: { steps },
    } = this;
    const logarithms = new Float64Array(steps).fill(-Infinity);
    for (let first = 0; first < steps; first += stepsOfBlock) {
      const count = Math.min(stepsOfBlock, steps - first);
      await this.multiply(directions, first, count);
      for (let row = 0; row < count; row++) logarithms[first + row] = this.logarithmOf(directions, first + row, row);
    }
    return logarithms;
  }

  /** Leaves Wᵀ ∂/∂a_t of a block's steps in `rows`. */
  private async multiply(directions: readonly LowestGradient[], first: number, count: number): Promise<void> {
    const {
      rows,
      products,
      tape: { config },
      parameters,
    } = this;
    const width = lowestWidth(config);
    for (const [d, { preActivations }] of directions.entries()) {
      await products.multiply(
        rows[d],
        preActivations.subarray(first * width),
        parameters.layers[0][d].W,
        count,
        inputSize(config, 0),
        width,
      );
    }
  }

  /** @param row of the step in the block */
  private logarithmOf(directions: readonly LowestGradient[], step: number, row: number): number {
    const {
      rows,
      tape: { arena, config },
    } = this;
    const I = inputSize(config, 0);
    const scales = directions.map(({ logScales }) => logScales?.[step] ?? 0);
    const common = Math.max(...scales);
    if (common === -Infinity) return -Infinity;
    const parts = scales.flatMap((scale, d) =>
      scale === -Infinity
        ? []
        : [{ factor: Math.exp(scale - common), values: rows[d].subarray(row * I, (row + 1) * I) }],
    );
    const [sum, ...others] = parts;
    if (others.length > 0)
      for (let i = 0; i < I; i++)
        sum.values[i] = parts.reduce((total, { factor, values }) => total + factor * values[i], 0);
    return log10Of(lengthOf(arena, sum.values), common);
  }
}

/** Steps that are multiplied at once. */
export function stepsOfInputBlock(config: ModelConfig, maxSteps: number): number {
  return Math.max(1, Math.min(maxStepsOfBlock, maxSteps, Math.floor(maxNumbersOfBlock / inputSize(config, 0))));
}

/** G·H of the lowest layer. */
function lowestWidth({ layers: [{ cell, hiddenSize }] }: ModelConfig): number {
  return cellOf(cell).gates.length * hiddenSize;
}
