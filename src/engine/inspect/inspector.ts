/** Runs the model over a probe and asks the analysis what its gradients do. */
import { ItemisedGradient } from '../../core/analysis/itemised';
import { TargetMatrix } from '../../core/analysis/targetMatrix';
import { horizonOf, regionsOf, relativeTo, slopeOf, type Region, type Thresholds } from '../../core/analysis/regions';
import type { TotalNorms } from '../../core/backward/recurrence';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { Direction, ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import type { Tape } from '../../core/model/tape';
import { makeLearningNetwork, type LearningNetwork } from '../../core/network';
import { UserError } from '../../core/userError';
import type { Backend } from '../backend';

/** A model as inspection needs it; the parameters may change between inspections. */
export interface InspectedModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly vocabulary: Vocabulary;
  readonly backend: Backend;
}

/** What one target's itemised gradient says of one state of one layer. */
export interface StateFlow {
  /** log₁₀‖∂ℓ_τ/∂h_t‖, or of c_t. */
  readonly log10: Float64Array;
  /** The same, relative to the target's own step. */
  readonly relative: Float64Array;
  readonly regions: readonly Region[];
  readonly horizon: number | null;
  readonly slope: number | null;
}

export interface LayerFlow {
  readonly layer: number;
  readonly direction: Direction;
  readonly hidden: StateFlow;
  /** LSTM only. */
  readonly cell: StateFlow | null;
}

/** A probe of some length on its tape, and who works on it. */
interface Bench {
  readonly network: LearningNetwork;
  readonly itemised: ItemisedGradient;
  readonly matrix: TargetMatrix;
}

export class Inspector {
  private bench: Bench | null = null;
  private encoded: { text: string; ids: Ids } | null = null;

  constructor(readonly model: InspectedModel) {}

  /**
   * The forward pass over a text from the zero state: inputs are all its tokens but the last, targets all but the first. The tape
   * is good until the next call. Throws a UserError for an unknown symbol, fewer than two tokens, or too many.
   */
  async read(text: string): Promise<Tape> {
    const ids = this.encode(text);
    const steps = ids.length - 1;
    if (steps < 1) throw new UserError('There is nothing to inspect: the text has {0} tokens, and at least 2 are needed.', ids.length);
    const { parameters, tape, forward } = this.prepare(steps).network;
    parameters.values.set(this.model.parameters.values);
    tape.inputs.set(ids.subarray(0, steps));
    tape.targets.set(ids.subarray(1));
    tape.clearState();
    await forward.run();
    return tape;
  }

  /** Of what was read last: norms of the total gradients, layer by layer and direction by direction, and the gradient itself. */
  async totals(): Promise<{ totals: readonly (readonly TotalNorms[])[]; gradient: Parameters }> {
    const { backward } = this.current.network;
    backward.clearCarried();
    await backward.run({ truncation: 0 });
    return { totals: backward.totals, gradient: backward.gradient };
  }

  /** The flow to one target, layer by layer and direction by direction. */
  async flows(target: number, thresholds: Thresholds): Promise<LayerFlow[]> {
    const { itemised, network } = this.current;
    const norms = await itemised.run(target);
    return norms.flatMap((directions, layer) =>
      directions.map(({ hidden, cellState }, d) => ({
        layer,
        direction: network.tape.layers[layer].directions[d].direction,
        hidden: stateFlow(hidden, target, thresholds),
        cell: cellState.length > 0 ? stateFlow(cellState, target, thresholds) : null,
      })),
    );
  }

  /** T × T: row τ is the log₁₀‖∂ℓ_τ/∂h_t‖ of the top layer, forward direction; NaN for t > τ. */
  matrix(pause: () => Promise<void>): Promise<Float64Array> {
    return this.current.matrix.run(pause);
  }

  /** Ids of a text; those of the last one are kept. Throws a UserError for an unknown symbol. */
  encode(text: string): Ids {
    if (this.encoded?.text === text) return this.encoded.ids;
    const ids = this.model.vocabulary.encode(text);
    this.encoded = { text, ids };
    return ids;
  }

  /** Of the text read last. */
  private get current(): Bench {
    if (!this.bench) throw new Error('nothing has been read yet');
    return this.bench;
  }

  private prepare(steps: number): Bench {
    if (this.bench?.network.tape.mostSteps === steps) return this.bench;
    const { config, backend } = this.model;
    try {
      this.bench = backend.build(1, (arena, products) => {
        const network = makeLearningNetwork(arena, config, { steps, batch: 1 }, products);
        const { tape, parameters } = network;
        return { network, itemised: new ItemisedGradient(tape, parameters, products), matrix: new TargetMatrix(tape, parameters, products) };
      });
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      throw new UserError('The text is too long to inspect at once: {0} tokens do not fit in memory for this model. Choose a shorter text.', steps + 1);
    }
    return this.bench;
  }
}

function stateFlow(log10: Float64Array, target: number, thresholds: Thresholds): StateFlow {
  const relative = relativeTo(target, log10);
  return {
    log10,
    relative,
    regions: regionsOf(relative, thresholds),
    horizon: horizonOf(relative, target, thresholds),
    slope: slopeOf(relative, target),
  };
}

/** 'last' as a step, or the step itself; throws a UserError when the probe has no such step. */
export function resolveTarget(target: number | 'last', steps: number): number {
  if (target === 'last') return steps - 1;
  if (Number.isInteger(target) && target >= 0 && target < steps) return target;
  throw new UserError('The target {0} is not in the text; it can be from 0 to {1}.', target, steps - 1);
}
