/**
 * Itemised gradients: δ_{τ→t} = ∂ℓ_τ/∂h_t, the loss of one step traced back through every layer and every earlier step. What
 * travels back is kept at unit length beside the logarithm of its length, so that nothing underflows or overflows however far
 * it goes. Exactly zero stays exactly zero.
 */
import { at, FixedMatrix, type Arena } from '../../kernels/arena';
import { multiply } from '../../kernels/kernels';
import type { StepGradients } from '../model/cells/cell';
import { cellOf } from '../model/cells/registry';
import type { ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';

/** Of one layer, T values each: NaN for t > τ, which τ cannot depend on, −Infinity for exactly zero. */
export interface ItemisedNorms {
  /** log₁₀‖∂ℓ_τ/∂h_t‖. */
  readonly hidden: Float64Array;
  /** log₁₀‖∂ℓ_τ/∂c_t‖; LSTM only, empty otherwise. */
  readonly cellState: Float64Array;
}

/** A vector e^logScale · values; zero has logScale −∞. */
interface Scaled {
  readonly values: Float32Array;
  logScale: number;
}

export class ItemisedGradient {
  private readonly step: StepGradients;
  /** Per layer: what comes from step t + 1. The cell state's share has the same scale. */
  private readonly carried: readonly { hidden: Scaled; readonly cellState: Float32Array }[];
  private readonly fromAbove: Scaled;
  /** Per layer: the way back through R, and down through W. */
  private readonly products: readonly { readonly R: FixedMatrix; readonly W: FixedMatrix | null }[];

  /** @param tape of one stream (B = 1), made with room for `ItemisedGradient.lengths` */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
  ) {
    const { config, arena } = tape;
    const cell = cellOf(config.cell);
    const H = config.hiddenSize;
    const width = cell.gateCount * H;
    const cellSize = cell.hasCellState ? H : 0;
    const input = arena.floats(width);
    this.step = {
      hidden: arena.floats(H),
      cellState: arena.floats(cellSize),
      cellTotal: arena.floats(cellSize),
      input,
      inputOffset: 0,
      recurrent: cell.recurrentDiffers ? arena.floats(width) : input,
      recurrentOffset: 0,
      previousHidden: arena.floats(H),
    };
    this.carried = Array.from({ length: config.layers }, () => ({ hidden: scaled(arena, H), cellState: arena.floats(cellSize) }));
    this.fromAbove = scaled(arena, H);
    const matrix = () => new FixedMatrix(arena, width, H);
    this.products = Array.from({ length: config.layers }, (_, layer) => ({ R: matrix(), W: layer > 0 ? matrix() : null }));
  }

  /** What it takes of a tape's arena. */
  static lengths(config: ModelConfig): number[] {
    const cell = cellOf(config.cell);
    const { hiddenSize: H, layers } = config;
    const width = cell.gateCount * H;
    const preActivations = Array<number>(cell.recurrentDiffers ? 2 : 1).fill(width);
    const states = Array<number>((cell.hasCellState ? 4 : 2) + 1 + layers * (cell.hasCellState ? 2 : 1)).fill(H);
    const matrices = Array<number>(2 * layers - 1).fill(FixedMatrix.length(width, H));
    return [...preActivations, ...states, ...matrices];
  }

  /** Norms of every layer, from what the tape holds now. Layers below `lowestLayer` are left out (NaN). */
  run(target: number, lowestLayer = 0): ItemisedNorms[] {
    const { tape } = this;
    const { layers } = tape.config;
    const { hasCellState } = cellOf(tape.config.cell);
    const flows = Array.from({ length: layers }, () => ({
      hidden: new Float64Array(tape.steps).fill(NaN),
      cellState: new Float64Array(hasCellState ? tape.steps : 0).fill(NaN),
    }));
    this.loadWeights();
    for (const { hidden, cellState } of this.carried) {
      hidden.logScale = -Infinity;
      hidden.values.fill(0);
      cellState.fill(0);
    }
    for (let t = target; t >= 0; t--) {
      if (t === target) this.lossGradient(target);
      else this.fromAbove.logScale = -Infinity;
      for (let layer = layers - 1; layer >= lowestLayer; layer--) this.stepBack(t, layer, flows[layer]);
    }
    return flows;
  }

  /** The parameters may have changed since the last run. */
  private loadWeights(): void {
    this.products.forEach((product, layer) => {
      const { R, W } = this.parameters.layers[layer];
      product.R.load(R);
      product.W?.load(W);
    });
  }

  /** ∂ℓ_τ/∂h_τ of the top layer: Vᵀ(p − y). */
  private lossGradient(target: number): void {
    const { probabilities, targets, config, arena } = this.tape;
    const { hiddenSize: H, vocabularySize: V } = config;
    const error = probabilities.slice(target * V, (target + 1) * V);
    error[targets[target]] -= 1;
    multiply(this.fromAbove.values, 0, error, 0, this.parameters.output.W, 0, 1, H, V, false);
    normalise(arena, this.fromAbove, 0);
  }

  /** One step of one layer; leaves what it sends down in `fromAbove` and what it sends back in `carried`. */
  private stepBack(t: number, layer: number, norms: ItemisedNorms): void {
    const { step, fromAbove } = this;
    const { config, arena, layers } = this.tape;
    const H = config.hiddenSize;
    const { hidden: carried, cellState } = this.carried[layer];
    const logScale = Math.max(carried.logScale, fromAbove.logScale);
    if (logScale === -Infinity) {
      norms.hidden[t] = -Infinity;
      norms.cellState.fill(-Infinity, t, t + 1);
      return;
    }
    const carriedFactor = Math.exp(carried.logScale - logScale);
    const aboveFactor = Math.exp(fromAbove.logScale - logScale);
    for (let i = 0; i < H; i++) step.hidden[i] = carriedFactor * carried.values[i] + aboveFactor * fromAbove.values[i];
    for (let i = 0; i < cellState.length; i++) step.cellState[i] = carriedFactor * cellState[i];
    norms.hidden[t] = log10Of(lengthOf(arena, step.hidden), logScale);

    const cell = cellOf(config.cell);
    cell.backwardStep(arena.kernels, layers[layer], t, 1, config, step);
    if (cell.hasCellState) norms.cellState[t] = log10Of(lengthOf(arena, step.cellTotal), logScale);
    const { R, W } = this.products[layer];
    R.multiplyAdd(step.previousHidden, 0, step.recurrent, 0, 1);
    carried.values.set(step.previousHidden);
    cellState.set(step.cellState);
    normalise(arena, carried, logScale, cellState);
    if (W) {
      fromAbove.values.fill(0);
      W.multiplyAdd(fromAbove.values, 0, step.input, 0, 1);
      normalise(arena, fromAbove, logScale);
    }
  }
}

/** log₁₀ of e^logScale · length. */
function log10Of(length: number, logScale: number): number {
  return (Math.log(length) + logScale) / Math.LN10;
}

function scaled(arena: Arena, length: number): Scaled {
  return { values: arena.floats(length), logScale: -Infinity };
}

/** Brings e^logScale · values (and what shares its scale) to unit length. */
function normalise(arena: Arena, vector: Scaled, logScale: number, companion?: Float32Array): void {
  const length = Math.hypot(lengthOf(arena, vector.values), companion ? lengthOf(arena, companion) : 0);
  vector.logScale = logScale + Math.log(length);
  if (length === 0) return;
  for (let i = 0; i < vector.values.length; i++) vector.values[i] /= length;
  if (companion) for (let i = 0; i < companion.length; i++) companion[i] /= length;
}

function lengthOf(arena: Arena, values: Float32Array): number {
  return Math.sqrt(arena.kernels.sumOfSquares(at(values), values.length));
}
