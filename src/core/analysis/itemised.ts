/**
 * Itemised gradients: δ_{τ→t} = ∂ℓ_τ/∂h_t, the loss of one step traced back through every layer and every earlier step. What
 * travels back is kept at unit length beside the logarithm of its length, so that nothing underflows or overflows however far
 * it goes. Exactly zero stays exactly zero.
 */
import { FixedProduct } from '../../kernels/fixedProduct';
import { multiply } from '../../kernels/kernels';
import type { StepGradients } from '../model/cells/cell';
import { cellOf } from '../model/cells/registry';
import type { ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import { norm } from '../numeric';

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
  private readonly products: readonly { readonly R: FixedProduct; readonly W: FixedProduct | null }[];

  constructor(
    private readonly config: ModelConfig,
    private readonly parameters: Parameters,
  ) {
    const cell = cellOf(config.cell);
    const H = config.hiddenSize;
    const cellSize = cell.hasCellState ? H : 0;
    const input = new Float32Array(cell.gateCount * H);
    this.step = {
      hidden: new Float32Array(H),
      cellState: new Float32Array(cellSize),
      cellTotal: new Float32Array(cellSize),
      input,
      inputOffset: 0,
      recurrent: cell.recurrentDiffers ? new Float32Array(cell.gateCount * H) : input,
      recurrentOffset: 0,
      previousHidden: new Float32Array(H),
    };
    this.carried = Array.from({ length: config.layers }, () => ({ hidden: scaled(H), cellState: new Float32Array(cellSize) }));
    this.fromAbove = scaled(H);
    const product = () => new FixedProduct(cell.gateCount * H, H, 1);
    this.products = Array.from({ length: config.layers }, (_, layer) => ({ R: product(), W: layer > 0 ? product() : null }));
  }

  /** Norms of every layer, from a tape of one stream (B = 1). Layers below `lowestLayer` are left out (NaN). */
  run(tape: Tape, target: number, lowestLayer = 0): ItemisedNorms[] {
    const { layers } = this.config;
    const { hasCellState } = cellOf(this.config.cell);
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
      if (t === target) this.lossGradient(tape, target);
      else this.fromAbove.logScale = -Infinity;
      for (let layer = layers - 1; layer >= lowestLayer; layer--) this.stepBack(tape, t, layer, flows[layer]);
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
  private lossGradient({ probabilities, targets }: Tape, target: number): void {
    const { hiddenSize: H, vocabularySize: V } = this.config;
    const error = probabilities.slice(target * V, (target + 1) * V);
    error[targets[target]] -= 1;
    multiply(this.fromAbove.values, 0, error, 0, this.parameters.output.W, 0, 1, H, V, false);
    normalise(this.fromAbove, 0);
  }

  /** One step of one layer; leaves what it sends down in `fromAbove` and what it sends back in `carried`. */
  private stepBack(tape: Tape, t: number, layer: number, norms: ItemisedNorms): void {
    const { config, step, fromAbove } = this;
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
    norms.hidden[t] = log10Of(norm(step.hidden), logScale);

    const cell = cellOf(config.cell);
    cell.backwardStep(tape.layers[layer], t, 1, config, step);
    if (cell.hasCellState) norms.cellState[t] = log10Of(norm(step.cellTotal), logScale);
    const { R, W } = this.products[layer];
    R.add(step.previousHidden, step.recurrent, 0, 1);
    carried.values.set(step.previousHidden);
    cellState.set(step.cellState);
    normalise(carried, logScale, cellState);
    if (W) {
      fromAbove.values.fill(0);
      W.add(fromAbove.values, step.input, 0, 1);
      normalise(fromAbove, logScale);
    }
  }
}

/** log₁₀ of e^logScale · length. */
function log10Of(length: number, logScale: number): number {
  return (Math.log(length) + logScale) / Math.LN10;
}

function scaled(length: number): Scaled {
  return { values: new Float32Array(length), logScale: -Infinity };
}

/** Brings e^logScale · values (and what shares its scale) to unit length. */
function normalise(vector: Scaled, logScale: number, companion?: Float32Array): void {
  const length = Math.hypot(norm(vector.values), companion ? norm(companion) : 0);
  vector.logScale = logScale + Math.log(length);
  if (length === 0) return;
  for (let i = 0; i < vector.values.length; i++) vector.values[i] /= length;
  if (companion) for (let i = 0; i < companion.length; i++) companion[i] /= length;
}
