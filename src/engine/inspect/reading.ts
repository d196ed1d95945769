/** A probe that has been read, and everything that can be asked of its gradients; computed in float32 by the kernels, or in float64. */
import { ItemisedGradient, type ItemisedNorms } from '../../core/analysis/itemised';
import { TargetMatrix } from '../../core/analysis/targetMatrix';
import type { TotalNorms } from '../../core/backward/recurrence';
import type { Ids } from '../../core/corpus/ids';
import { float64Gradient } from '../../core/float64/float64Backward';
import { itemiseInFloat64 } from '../../core/float64/float64Itemised';
import { matrixInFloat64 } from '../../core/float64/float64Matrix';
import { readInFloat64, type Float64Trace } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import type { PlainModel } from '../../core/model/plainModel';
import type { Trace } from '../../core/model/trace';
import { makeLearningNetwork, type LearningNetwork } from '../../core/network';
import { UserError } from '../../userError';
import type { InspectReport } from '../../protocol/engine';
import { smallestToShare } from '../../kernels/fixedMatrix';
import { stepWorkOf, type Backend } from '../backend';
import { gradientReport } from './gradientReport';

export type GradientNorms = Pick<InspectReport, 'parameters' | 'output' | 'embedding'>;

export interface Reading {
  readonly trace: Trace;
  /** Norms of the total gradients, layer by layer and direction by direction, and of the parameters' gradients. */
  totals(): Promise<{ totals: readonly (readonly TotalNorms[])[]; norms: GradientNorms }>;
  /** The itemised gradient of one target, layer by layer and direction by direction. */
  itemised(target: number): Promise<ItemisedNorms[][]>;
  /** T × T: row τ is the log₁₀‖∂ℓ_τ/∂h_t‖ of the top layer; NaN for t > τ. `pause` is told the part that is done. */
  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array>;
}

/** Of a plain model, on the kernels; the tape is kept for the next text of the same length, and what it holds is not computed again. */
export class FastReading implements Reading {
  /** The tape is that of its tokens and of the network's weights. */
  private isRead = false;
  private hasWeights = false;
  private lastItemised: { readonly target: number; readonly norms: ItemisedNorms[][] } | null = null;

  private constructor(
    private readonly network: LearningNetwork,
    private readonly itemisedGradient: ItemisedGradient,
    private readonly targetMatrix: TargetMatrix,
    private readonly isLive: boolean,
  ) {}

  /**
   * Room for texts of this length. Throws a UserError where there is not so much memory.
   * @param isLive the weights may change between two readings, and the processor has other work
   */
  static withRoom(steps: number, { config }: PlainModel, backend: Backend, isLive: boolean): FastReading {
    const isWide = !isLive && stepWorkOf(config, 1) >= smallestToShare;
    try {
      return backend.build(1, (arena, products) => {
        const network = makeLearningNetwork(arena, config, { steps, batch: 1 }, products);
        const { tape, parameters } = network;
        return new FastReading(network, new ItemisedGradient(tape, parameters, products), new TargetMatrix(tape, parameters, products), isLive);
      }, isWide);
    } catch (thrown) {
      if (thrown instanceof RangeError) throw tooLong(steps);
      throw thrown;
    }
  }

  get steps(): number {
    return this.network.tape.mostSteps;
  }

  get trace(): Trace {
    return this.network.tape;
  }

  /** @param ids one more than there are steps */
  async read(ids: Ids, { parameters: { values } }: PlainModel): Promise<void> {
    if (this.isRead && this.holds(ids, values)) return;
    this.isRead = false;
    this.lastItemised = null;
    const { parameters, tape, forward } = this.network;
    if (this.isLive || !this.hasWeights) parameters.values.set(values);
    this.hasWeights = true;
    tape.inputs.set(ids.subarray(0, this.steps));
    tape.targets.set(ids.subarray(1));
    tape.clearState();
    await forward.run();
    this.isRead = true;
  }

  async totals(): ReturnType<Reading['totals']> {
    const { backward, tape } = this.network;
    backward.clearCarried();
    await backward.run({ truncation: 0 });
    return { totals: backward.totals, norms: gradientReport(backward.gradient, tape.layers) };
  }

  async itemised(target: number): Promise<ItemisedNorms[][]> {
    if (this.lastItemised?.target !== target) this.lastItemised = { target, norms: await this.itemisedGradient.run(target) };
    return this.lastItemised.norms;
  }

  /** ∂L/∂parameters and the norms ‖∂L/∂h_t‖ of the lowest layer's first direction, with truncation k2; 0 for none. Good until the next call. */
  async truncated(k2: number): Promise<{ gradient: Float32Array; hidden: Float64Array }> {
    const { backward } = this.network;
    backward.clearCarried();
    await backward.run({ truncation: k2 });
    return { gradient: backward.gradient.values, hidden: backward.totals[0][0][0] };
  }

  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return this.targetMatrix.run(pause);
  }

  private holds(ids: Ids, values: Float32Array): boolean {
    const { tape: { inputs, targets }, parameters } = this.network;
    const isSameText = targets[this.steps - 1] === ids[this.steps] && inputs.every((id, t) => id === ids[t]);
    return isSameText && (!this.isLive || bytesOf(parameters.values).equals(bytesOf(values)));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Of any model, in float64. */
export class Float64Reading implements Reading {
  readonly trace: Float64Trace;

  /** @param ids one more than there are steps  Throws a UserError where there is not so much memory. */
  constructor(model: GeneralModel, ids: Ids) {
    const steps = ids.length - 1;
    try {
      this.trace = readInFloat64(model, Int32Array.from(ids.subarray(0, steps)), Int32Array.from(ids.subarray(1)));
    } catch (thrown) {
      if (thrown instanceof RangeError) throw tooLong(steps);
      throw thrown;
    }
  }

  totals(): ReturnType<Reading['totals']> {
    const gradient = float64Gradient(this.trace);
    return Promise.resolve({ totals: gradient.totals, norms: gradientReport(gradient, this.trace.layers) });
  }

  itemised(target: number): Promise<ItemisedNorms[][]> {
    return Promise.resolve(itemiseInFloat64(this.trace, target));
  }

  matrix(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    return matrixInFloat64(this.trace, pause);
  }
}

function tooLong(steps: number): UserError {
  return new UserError('The text is too long to inspect at once: {0} tokens do not fit in memory for this model. Choose a shorter text.', steps + 1);
}
