/** Runs the model over a probe and asks the analysis what its gradients do. */
import { ItemisedGradient } from '../../core/analysis/itemised';
import { horizonOf, regionsOf, relativeTo, slopeOf, type Region, type Thresholds } from '../../core/analysis/regions';
import { Backward, type TotalNorms } from '../../core/backward/bptt';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { cellOf } from '../../core/model/cells/registry';
import type { ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import { Tape } from '../../core/model/tape';
import { UserError } from '../../core/userError';
import type { Backend } from '../backend';

/** Memory a probe may take; a longer one is refused with what it would need. */
const mostBytes = 2e9;

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
  readonly hidden: StateFlow;
  /** LSTM only. */
  readonly cell: StateFlow | null;
}

/** A probe of some length on its tape, and who works on it. */
interface Bench {
  readonly tape: Tape;
  readonly backward: Backward;
  readonly itemised: ItemisedGradient;
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
    const { tape } = this.prepare(steps);
    tape.inputs.set(ids.subarray(0, steps));
    tape.targets.set(ids.subarray(1));
    tape.clearState();
    await this.model.backend.forward.run(tape);
    return tape;
  }

  /** Norms of the total gradients of what was read last, and, into `gradient`, those of the parameters. */
  async totals(gradient: Parameters): Promise<readonly TotalNorms[]> {
    const { backward } = this.current;
    await backward.run(this.model.parameters, gradient);
    return backward.totals;
  }

  /** The flow to one target, layer by layer. */
  flows(target: number, thresholds: Thresholds): LayerFlow[] {
    return this.current.itemised.run(target).map(({ hidden, cellState }) => ({
      hidden: stateFlow(hidden, target, thresholds),
      cell: cellState.length > 0 ? stateFlow(cellState, target, thresholds) : null,
    }));
  }

  /** T × T: row τ is the top layer's log₁₀‖∂ℓ_τ/∂h_t‖, NaN for t > τ. */
  async matrix(pause: () => Promise<void>): Promise<Float64Array> {
    const { tape, itemised } = this.current;
    const top = this.model.config.layers - 1;
    const matrix = new Float64Array(tape.steps * tape.steps);
    for (let target = 0; target < tape.steps; target++) {
      matrix.set(itemised.run(target, top)[top].hidden, target * tape.steps);
      await pause();
    }
    return matrix;
  }

  private encode(text: string): Ids {
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
    if (this.bench?.tape.steps === steps) return this.bench;
    const { config, parameters, backend } = this.model;
    const cell = cellOf(config.cell);
    // States, saved activations, and the backward pass's buffers of pre-activations and hidden gradients.
    const floats = steps * (config.hiddenSize * (config.layers * (2 + cell.saved.length) + 2 * cell.gateCount + 1) + 2 * config.vocabularySize);
    if (4 * floats > mostBytes) {
      throw new UserError('The text is too long to inspect at once: {0} tokens would need {1} GB of memory, and up to {2} GB are allowed. Choose a shorter text.', steps + 1, Math.ceil((4 * floats) / 1e9), mostBytes / 1e9);
    }
    const tape = new Tape(config, steps, 1, [...Backward.lengths(config, steps, 1), ...ItemisedGradient.lengths(config)]);
    this.bench = { tape, backward: new Backward(tape, backend.products), itemised: new ItemisedGradient(tape, parameters) };
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
