/** Per-target gradients in float64: ∂ℓ_τ/∂h_t through every layer, direction and step, and ∂ℓ_τ/∂x_t of what the lowest layer reads. */
import { addArrival, arrivals, type Arrivals } from '../analysis/arrivals';
import {
  PerTargetWalk,
  type PerTargetNorms,
  type Walked,
  type WalkedLayer,
  type WalkStep,
} from '../analysis/perTargetWalk';
import { stepBackBuffers, type StepBack } from '../layers/float64Cell';
import type { HeadNorms } from '../layers/float64Mixer';
import { kindOf } from '../../layers/catalog';
import { float64CellOf } from '../layers/registry';
import { hasInputRows } from '../model/generalModel';
import { Float64Arithmetic, log10Of } from './arithmetic';
import { addLossGradient } from './float64Backward';
import { rowsOf, type Float64Trace } from './float64Trace';
import type { LowestInput } from './lowestInput';
import { matrix, setProduct } from './matrixProduct';
import { normalizeBack } from './norm';

export interface Float64PerTarget {
  /** Of every layer and direction. */
  readonly norms: PerTargetNorms[][];
  /** As `PerTargetWalk.inputs`. */
  readonly inputs: readonly (Float64Array | null)[];
  /** ∂ℓ_τ/∂a_t of the lowest layer as W sees it, T × Σ_d G·H, its directions side by side: what ∂ℓ_τ/∂x_t is made of. */
  readonly lowest: Arrivals<Float64Array>;
  /** Of a layer's heads; null of a layer without, and where they have not been asked for. */
  headNorms(layer: number): HeadNorms | null;
}

/** @param target a step  @param withHeads keeps what reaches layers of heads */
export async function perTargetInFloat64(
  trace: Float64Trace,
  target: number,
  withHeads = false,
): Promise<Float64PerTarget> {
  const walked = new WalkedTrace(trace, withHeads);
  const walk = new PerTargetWalk<Float64Array>(walked, trace.steps);
  const norms = await walk.run(target);
  return {
    norms,
    inputs: walk.inputs,
    lowest: sideBySide(walked, walk),
    headNorms: (layer) => walked.headNorms(layer),
  };
}

/** log₁₀‖∂ℓ_τ/∂x_t‖ of what the lowest layer reads: NaN where x_t cannot reach τ, −Infinity for exactly zero. */
export function inputFlow({ inputs: [own], lowest }: Float64PerTarget, input: LowestInput): Float64Array {
  return own ?? lowestInputFlow(lowest, input);
}

/** The same of a lowest layer whose pre-activations give it. */
export function lowestInputFlow(
  { values, logScales, isReached }: Arrivals<Float64Array>,
  input: LowestInput,
): Float64Array {
  return logScales.map((logScale, t) => {
    if (isReached[t] === 0) return NaN;
    return logScale === -Infinity ? -Infinity : log10Of(input.lengthOf(values, t * input.width), logScale);
  });
}

/** What the directions of the lowest layer send down, at one scale for each step. */
function sideBySide(
  walked: WalkedTrace,
  { lowest, isInputReached }: PerTargetWalk<Float64Array>,
): Arrivals<Float64Array> {
  const {
    steps: T,
    layers: [{ width }],
  } = walked;
  const sum = arrivals(walked, T, lowest.length * width);
  sum.isReached.set(isInputReached);
  const row = walked.zeros(lowest.length * width);
  for (const [d, { preActivations, logScales }] of lowest.entries()) {
    row.fill(0);
    for (let t = 0; t < T; t++) {
      if (logScales[t] === -Infinity) continue;
      row.set(preActivations.subarray(t * width, (t + 1) * width), d * width);
      addArrival(walked, sum, t, row, 0, row.length, logScales[t]);
    }
  }
  return sum;
}

/** What the walks know of a trace's layers. */
export function walkedLayers({ layers, model, steps }: Float64Trace): WalkedLayer[] {
  return layers.map(({ cell, hiddenSize, directions, sublayers, output }, layer) => {
    const { gates, states } = kindOf(cell);
    return {
      hiddenSize,
      inputSize: model.layers[layer].inputSize,
      outputSize: output.length / steps,
      states: states.length,
      width: gates.length * hiddenSize,
      directions: directions.map(({ direction }) => direction),
      sublayers: sublayers.map(({ norm, residual, inputSize }) => ({ inputSize, hasNorm: norm !== null, residual })),
    };
  });
}

class WalkedTrace extends Float64Arithmetic implements Walked<Float64Array> {
  readonly layers: readonly WalkedLayer[];
  readonly inputRows: readonly boolean[];
  /** Of each layer. */
  private readonly back: readonly Pick<StepBack, 'preActivations' | 'recurrent'>[];

  /** Of layers of heads what the target's gradient is by them, once it is asked for: what has reached their output is kept. */
  private readonly ofHeads = new Map<number, () => HeadNorms | undefined>();

  constructor(
    private readonly trace: Float64Trace,
    private readonly withHeads: boolean,
  ) {
    super();
    this.layers = walkedLayers(trace);
    const { model } = trace;
    this.inputRows = Array.from({ length: model.layers.length + 1 }, (_, boundary) => hasInputRows(model, boundary));
    this.back = this.layers.map(({ hiddenSize, width, states }) =>
      stepBackBuffers(1, hiddenSize, width, Math.max(1, states)),
    );
  }

  get steps(): number {
    return this.trace.steps;
  }

  lossGradient(target: number, out: Float64Array, outAt: number): Promise<number> {
    addLossGradient(this.trace, target, 1, out, outAt);
    return Promise.resolve(0);
  }

  normBack(layer: number, sublayer: number, t: number, gradient: Float64Array, at: number): void {
    const { norm, input } = this.trace.layers[layer].sublayers[sublayer];
    if (norm && input) normalizeBack(input, t, gradient, at, norm);
  }

  mixerFlow(
    layer: number,
    sublayer: number,
    above: Arrivals<Float64Array>,
    below: Arrivals<Float64Array>,
  ): (Float64Array | null)[] {
    const { cell, sublayers } = this.trace.layers[layer];
    const { mixer, states } = sublayers[sublayer];
    if (this.withHeads && mixer?.code.headNorms) {
      const kept = copyOf(above);
      this.ofHeads.set(layer, () => mixer.code.headNorms?.(mixer.layer, mixer.trace, kept));
    }
    const found = mixer?.code.flow(mixer.layer, mixer.trace, above, below) ?? [];
    return kindOf(cell).states.map(({ name }) => found[states.indexOf(name)] ?? null);
  }

  headNorms(layer: number): HeadNorms | null {
    return this.ofHeads.get(layer)?.() ?? null;
  }

  stepBack(
    layer: number,
    d: number,
    t: number,
    step: WalkStep<Float64Array>,
    preActivations: Float64Array,
    from: number,
  ): void {
    const { cell, directions } = this.trace.layers[layer];
    const own = directions[d];
    const { preActivations: found, recurrent } = this.back[layer];
    const { hidden, further, furtherTotal, previous } = step;
    const { before, after } = rowsOf(own, t);
    float64CellOf(cell).back(own, {
      n: 1,
      step: t,
      before,
      after,
      hidden,
      further,
      furtherTotal,
      previous,
      preActivations: found,
      recurrent,
    });
    preActivations.set(found, from);
  }

  down(
    layer: number,
    d: number,
    preActivations: Float64Array,
    first: number,
    count: number,
    out: Float64Array,
  ): Promise<void> {
    const { width, inputSize: I } = this.layers[layer];
    const { W } = this.trace.layers[layer].directions[d].parameters;
    const read = { values: preActivations, at: first * width, stride: width };
    setProduct(matrix(out, I), read, matrix(W, I), count, I, width);
    return Promise.resolve();
  }
}

/** The walk goes on in the same rows. */
function copyOf({ values, logScales, isReached }: Arrivals<Float64Array>): Arrivals<Float64Array> {
  return { values: values.slice(), logScales: logScales.slice(), isReached: isReached.slice() };
}
