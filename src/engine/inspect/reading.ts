/** A probe that has been read, and everything that can be asked of its gradients; computed in float32 by the kernels, or in float64. */
import { InputGradient } from '../../core/analysis/inputGradient';
import { wholeMatrix, type MatrixRows } from '../../core/analysis/matrixRows';
import { inputRowsOf } from '../../core/analysis/inputRows';
import { PerTargetGradient } from '../../core/analysis/perTarget';
import type { PerTargetNorms } from '../../core/analysis/perTargetWalk';
import { TargetMatrix } from '../../core/analysis/targetMatrix';
import type { TotalNorms } from '../../core/backward/totals';
import type { TakeDoubles } from '../../core/float64/doubles';
import { float64Totals, type Float64Gradient } from '../../core/float64/float64Backward';
import { float64InputRows, inputMatrixInFloat64 } from '../../core/float64/float64InputMatrix';
import { inputFlow, perTargetInFloat64, type Float64PerTarget } from '../../core/float64/float64PerTarget';
import { matrixInFloat64, topRowsInFloat64 } from '../../core/float64/float64Matrix';
import { readInFloat64, type Float64Trace } from '../../core/float64/float64Trace';
import type { BackwardSearch } from '../../core/nonFinite/backward';
import { numbersOf, watchedGradient, type NonFiniteNumbers } from '../../core/nonFinite/findNonFinite';
import { ForwardSearch } from '../../core/nonFinite/forward';
import type { HeadNorms } from '../../core/layers/float64Mixer';
import { LowestInput } from '../../core/float64/lowestInput';
import { readsBothWays } from '../../core/model/config';
import type { GeneralModel } from '../../core/model/generalModel';
import type { Ids } from '../../core/corpus/ids';
import type { NumberRows } from '../../core/model/numberRows';
import type { PlainModel } from '../../core/model/plainModel';
import type { Random } from '../../core/model/random';
import type { Trace } from '../../core/model/trace';
import { makeLearningNetwork, type LearningNetwork } from '../../core/network';
import { UserError } from '../../userError';
import { minToShare } from '../../kernels/fixedMatrix';
import { stepWorkOf, type Backend } from '../backend';
import { gradientReport, type GradientNorms } from './gradientReport';
import { targetsOf, windowOf, type ReadText } from './readText';
import { gradientOf, placesOf, placesOfConfig } from './tensorPlaces';

export interface FlowTotals {
  /** ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖, layer by layer and direction by direction. */
  readonly totals: readonly (readonly TotalNorms[])[];
  /** ‖∂L/∂x_t‖ at boundary 0 … N (what each layer reads, and what the output reads); null where a state is the same variable. */
  readonly inputs: readonly (Float64Array | null)[];
}

export interface Totals extends FlowTotals {
  /** Of the parameters' gradients. */
  readonly norms: GradientNorms;
}

export interface Reading {
  readonly trace: Trace;
  totals(): Promise<FlowTotals>;
  /** And ‖∂L/∂x_t‖ of what the lowest layer reads, and the parameters. */
  totalsWithInput(): Promise<Totals & { readonly input: Float64Array }>;
  /** The per-target gradient of one target, layer by layer and direction by direction. */
  perTarget(target: number): Promise<PerTargetNorms[][]>;
  /** log₁₀‖∂ℓ_τ/∂x_t‖ at boundary 0 … N; null where a state is the same variable. */
  perTargetInputs(target: number): Promise<readonly (Float64Array | null)[]>;
  /** log₁₀‖∂ℓ_τ/∂x_t‖ of what the lowest layer reads; NaN where x_t cannot reach τ, −Infinity for exactly zero. */
  inputFlow(target: number): Promise<Float64Array>;
  /** Of a layer's heads what the target's gradient is by their keys and values; null of a layer without. */
  headNorms(target: number, layer: number): Promise<HeadNorms | null>;
  /** T × T: row τ is the log₁₀‖∂ℓ_τ/∂h_t‖ of the top layer; NaN for t > τ. `pause` receives the part that is done. */
  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array>;
  /** T × T: row τ is `inputFlow` of τ. */
  inputMatrix(pause: (done: number) => Promise<void>): Promise<Float64Array>;
  /** Rows of the first, and of the second. */
  matrixRows(): Promise<MatrixRows> | MatrixRows;
  inputMatrixRows(): MatrixRows;
  /** What leaves float32; null where the reading cannot tell, as its numbers are float32 themselves. */
  nonFinite(): NonFiniteNumbers | null;
}

/** Of a plain model, on the kernels; the tape is kept for the next text of the same length, and what it holds is not computed again. */
export class FastReading implements Reading {
  /** The tape is that of its tokens and of the network's weights. */
  private isRead = false;
  /** Those that the network has. */
  private weights: Float32Array | null = null;
  /** Those that are on the tape. */
  private numbers: NumberRows | null = null;
  private lastPerTarget: { readonly target: number; readonly norms: PerTargetNorms[][] } | null = null;

  private constructor(
    private readonly network: LearningNetwork,
    private readonly perTargetGradient: PerTargetGradient,
    private readonly inputGradient: InputGradient,
    private readonly targetMatrix: TargetMatrix,
    /** Null where it is computed target by target: of a stack that reads both ways, and while the model learns. */
    private readonly inputRows: MatrixRows | null,
    private readonly isLive: boolean,
  ) {}

  /**
   * Room for texts of this length. Throws a UserError where there is not so much memory.
   * @param isLive the weights may change between two readings, and the processor has other work
   */
  static ofSize(steps: number, { config }: PlainModel, backend: Backend, isLive: boolean): FastReading {
    const isWide = !isLive && stepWorkOf(config, 1) >= minToShare;
    try {
      return backend.build(
        1,
        (arena, products) => {
          const network = makeLearningNetwork(arena, config, { steps, batch: 1 }, products);
          const { tape, parameters } = network;
          const perTarget = new PerTargetGradient(tape, parameters, products);
          return new FastReading(
            network,
            perTarget,
            new InputGradient(tape, parameters, products),
            new TargetMatrix(tape, parameters, products),
            isLive || readsBothWays(config) ? null : inputRowsOf(tape, parameters, products, perTarget.tapeWalked),
            isLive,
          );
        },
        isWide,
      );
    } catch (thrown) {
      if (thrown instanceof RangeError) throw tooLong(steps);
      throw thrown;
    }
  }

  get steps(): number {
    return this.network.tape.maxSteps;
  }

  get trace(): Trace {
    return this.network.tape;
  }

  async read(text: Pick<ReadText, 'ids' | 'numbers'>, { parameters: { values } }: PlainModel): Promise<void> {
    if (this.isRead && this.holds(text, values)) return;
    this.isRead = false;
    this.lastPerTarget = null;
    const { parameters, tape, forward } = this.network;
    if (this.isLive || this.weights !== values) parameters.values.set(values);
    this.weights = values;
    const { ids, numbers } = text;
    tape.inputs.set(ids.subarray(0, this.steps));
    tape.targets.set(targetsOf(text));
    this.numbers = numbers;
    if (numbers) tape.takeNumbers(numbers);
    tape.clearState();
    await forward.run();
    this.isRead = true;
  }

  /**
   * Changes every gate and state that was kept by a factor of 1 ± at most `size`, at random; what lies between −1 and 1 stays there. Gradients are
   * then those of the changed ones, until the text is read again.
   */
  blur(random: Random, size: number): void {
    const kept = this.network.tape.layers.flatMap(({ directions }) => directions);
    for (const values of kept.flatMap(({ gates, states }) => [gates, ...states])) {
      values.forEach((value, i) => {
        const blurred = value * (1 + random.between(-size, size));
        values[i] = Math.abs(value) <= 1 ? Math.min(1, Math.max(-1, blurred)) : blurred;
      });
    }
    this.isRead = false;
    this.lastPerTarget = null;
  }

  async totals(): Promise<FlowTotals> {
    const { backward } = this.network;
    backward.clearCarried();
    await backward.run({ truncation: 0 });
    const { totals, inputs } = backward;
    return { totals, inputs };
  }

  async totalsWithInput(): ReturnType<Reading['totalsWithInput']> {
    const {
      network: { backward },
      inputGradient,
    } = this;
    const [own] = backward.inputs;
    backward.clearCarried();
    await backward.run({
      truncation: 0,
      ...(!own && {
        visitLowest: (d: number, preActivations: Float32Array) => inputGradient.keep(d, preActivations),
      }),
    });
    return { ...this.totalsNow(), input: own ?? (await inputGradient.keptLengths()) };
  }

  private totalsNow(): Totals {
    const { backward, tape } = this.network;
    const { totals, inputs, gradient } = backward;
    return {
      totals,
      inputs,
      norms: gradientReport(gradientOf(gradient), tape.layers, placesOfConfig(tape.config)),
    };
  }

  async perTargetInputs(target: number): Promise<readonly (Float64Array | null)[]> {
    await this.perTarget(target);
    return this.perTargetGradient.inputs;
  }

  async perTarget(target: number): Promise<PerTargetNorms[][]> {
    if (this.lastPerTarget?.target !== target)
      this.lastPerTarget = { target, norms: await this.perTargetGradient.run(target) };
    return this.lastPerTarget.norms;
  }

  async inputFlow(target: number): Promise<Float64Array> {
    await this.perTarget(target);
    return this.perTargetGradient.inputs[0] ?? (await this.inputGradient.flow(this.perTargetGradient));
  }

  /** ∂L/∂parameters and the norms ‖∂L/∂h_t‖ of the lowest layer's first direction, with truncation k2; 0 for none. Good until the next call. */
  async truncated(k2: number): Promise<{ gradient: Float32Array; hidden: Float64Array }> {
    const { backward } = this.network;
    backward.clearCarried();
    await backward.run({ truncation: k2 });
    return { gradient: backward.gradient.values, hidden: backward.totals[0][0][0] };
  }

  /** Layers of heads are read in float64. */
  headNorms(): Promise<null> {
    return Promise.resolve(null);
  }

  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return this.targetMatrix.run(pause);
  }

  inputMatrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return wholeMatrix(this.steps, this.inputMatrixRows(), pause);
  }

  matrixRows(): Promise<MatrixRows> {
    return this.targetMatrix.rows();
  }

  inputMatrixRows(): MatrixRows {
    return (
      this.inputRows ?? {
        blockSize: 1,
        write: async (from, _to, out) => {
          out.set(await this.inputFlow(from));
        },
      }
    );
  }

  nonFinite(): null {
    return null;
  }

  private holds({ ids, numbers }: Pick<ReadText, 'ids' | 'numbers'>, values: Float32Array): boolean {
    const {
      tape: { inputs, targets },
      parameters,
    } = this.network;
    const isSameText =
      numbers === this.numbers && targets[this.steps - 1] === ids[this.steps] && inputs.every((id, t) => id === ids[t]);
    const isSameModel = this.isLive ? bytesOf(parameters.values).equals(bytesOf(values)) : this.weights === values;
    return isSameText && isSameModel;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Of any model, in float64. */
export class Float64Reading implements Reading {
  readonly trace: Float64Trace;
  /** What has watched the way back of the mean loss, once that was computed. */
  private watched: BackwardSearch | null = null;
  private lastInFloat64: { readonly target: number; readonly found: Promise<Float64PerTarget> } | null = null;

  /**
   * Throws a UserError where there is not so much memory.
   * @param ids one more than there are steps  @param numbers what they stand for, of a model of numbers  @param take gives arrays of the trace; by default they are new
   */
  constructor(model: GeneralModel, ids: Ids, numbers: NumberRows | null = null, take?: TakeDoubles) {
    const { inputs, targets, window } = windowOf({ ids, numbers });
    try {
      this.trace = readInFloat64(model, inputs, targets, window, take);
    } catch (thrown) {
      if (thrown instanceof RangeError) throw tooLong(inputs.length);
      throw thrown;
    }
  }

  totals(): Promise<FlowTotals> {
    return Promise.resolve(float64Totals(this.trace));
  }

  totalsWithInput(): ReturnType<Reading['totalsWithInput']> {
    const { gradient, backward } = watchedGradient(this.trace);
    this.watched = backward;
    const { steps, model } = this.trace;
    const [own] = gradient.inputs;
    const lowest = own ? null : new LowestInput(model, steps);
    const input =
      own ?? Float64Array.from({ length: steps }, (_, t) => lowest?.lengthOf(gradient.lowest, t * lowest.width) ?? NaN);
    return Promise.resolve({ ...this.totalsOf(gradient), input });
  }

  async perTarget(target: number): Promise<PerTargetNorms[][]> {
    return (await this.itemsOf(target)).norms;
  }

  async perTargetInputs(target: number): Promise<readonly (Float64Array | null)[]> {
    return (await this.itemsOf(target)).inputs;
  }

  async inputFlow(target: number): Promise<Float64Array> {
    const { steps, model } = this.trace;
    const found = await this.itemsOf(target);
    return found.inputs[0] ?? inputFlow(found, new LowestInput(model, steps));
  }

  async headNorms(target: number, layer: number): Promise<HeadNorms | null> {
    return (await this.itemsOf(target)).headNorms(layer);
  }

  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return matrixInFloat64(this.trace, pause);
  }

  inputMatrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return inputMatrixInFloat64(this.trace, pause);
  }

  matrixRows(): MatrixRows {
    return topRowsInFloat64(this.trace);
  }

  inputMatrixRows(): MatrixRows {
    return float64InputRows(this.trace);
  }

  nonFinite(): NonFiniteNumbers {
    const backward = this.watched ?? watchedGradient(this.trace).backward;
    return numbersOf(this.trace.model, new ForwardSearch(this.trace).run(), backward);
  }

  private totalsOf(gradient: Float64Gradient): Totals {
    const { layers, model } = this.trace;
    return {
      totals: gradient.totals,
      inputs: gradient.inputs,
      norms: gradientReport(gradient, layers, placesOf(model)),
    };
  }

  private itemsOf(target: number): Promise<Float64PerTarget> {
    if (this.lastInFloat64?.target !== target)
      this.lastInFloat64 = { target, found: perTargetInFloat64(this.trace, target, true) };
    return this.lastInFloat64.found;
  }
}

function tooLong(steps: number): UserError {
  return new UserError('error.inspect.textTooLong', steps + 1);
}
