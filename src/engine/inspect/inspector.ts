/** Reads probes with a model, and asks the analysis what its gradients do. */
import { horizonOf, regionsOf, relativeTo, slopeOf, type Region, type Thresholds } from '../../core/analysis/regions';
import type { TotalNorms } from '../../core/backward/recurrence';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { Direction } from '../../core/model/config';
import type { GeneralModel } from '../../core/model/generalModel';
import type { PlainModel } from '../../core/model/plainModel';
import type { Trace } from '../../core/model/trace';
import { UserError } from '../../core/userError';
import type { Backend } from '../backend';
import { isNearKink, isWithinFloat32 } from './float32';
import { ExactReading, FastReading, type Reading } from './reading';

/** A model as inspection needs it; the parameters may change between inspections. */
export interface InspectedModel {
  readonly general: GeneralModel;
  /** The same for the fast kernels, where they know its form. */
  readonly plain: PlainModel | null;
  /** It is being trained: looking at it must cost little. */
  readonly isLive: boolean;
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

/** A probe that has been read, and the flow to one target of it. */
export interface Look {
  readonly trace: Trace;
  readonly flows: readonly LayerFlow[];
  /** Of the mean loss, layer by layer and direction by direction; null unless asked for. */
  readonly totals: readonly (readonly TotalNorms[])[] | null;
}

/** Nobody looks at the regions. */
const noThresholds: Thresholds = { vanishing: -Infinity, exploding: Infinity };
/** Multiply-adds of a pass in float64 above which a plain model is read by the kernels. */
const mostExactWork = 4e9;

export class Inspector {
  private fast: FastReading | null = null;
  private encoded: { text: string; ids: Ids } | null = null;

  constructor(readonly model: InspectedModel) {}

  /**
   * For drawing: quick, and right. Where float32 cannot be trusted with the flow the probe is read again in float64, unless the model is
   * being trained.
   * Throws a UserError as `stepsOf` does.
   */
  async look(text: string, target: number | 'last', thresholds: Thresholds, withTotal = false): Promise<Look> {
    const { plain, isLive } = this.model;
    if (!plain) return this.lookExactly(text, target, thresholds, withTotal);
    const reading = await this.readFast(text, plain);
    const flows = await flowsOf(reading, target, thresholds);
    const isTrusted = isLive || (await this.isTrusted(reading, flows, target, plain));
    return isTrusted ? { trace: reading.trace, flows, totals: await totalsOf(reading, withTotal) } : this.lookExactly(text, target, thresholds, withTotal);
  }

  /** The flow of a target says nothing of the states behind it, which are shown too; that of the last (of a backward direction, the first) does. */
  private async isTrusted(reading: FastReading, flows: readonly LayerFlow[], target: number | 'last', { config }: PlainModel): Promise<boolean> {
    const { trace, trace: { steps } } = reading;
    const isRelu = config.cell === 'rnn' && config.activation === 'relu';
    if (!Number.isFinite(trace.loss) || (isRelu && isNearKink(trace)) || !isWithinFloat32(flows, isRelu)) return false;
    const ends = config.bidirectional ? [0, steps - 1] : [steps - 1];
    for (const end of ends) {
      if (end !== resolveTarget(target, steps) && !isWithinFloat32(await flowsOf(reading, end, noThresholds), isRelu)) return false;
    }
    return true;
  }

  /** For figures that are to be right to the last digit: in float64, unless that would take too long. */
  async read(text: string): Promise<Reading> {
    const { plain, general } = this.model;
    const steps = this.stepsOf(text);
    const isQuick = steps * workOfStep(general) < mostExactWork;
    return plain && !isQuick ? this.readFast(text, plain) : new ExactReading(general, this.encode(text));
  }

  /** By the kernels. Throws a UserError for a model whose form they do not know; good until the next call. */
  async readPlain(text: string): Promise<FastReading> {
    const { plain } = this.model;
    if (!plain) throw new UserError('This model has a form that can be inspected, but not trained; its gradient cannot be truncated.');
    return this.readFast(text, plain);
  }

  /** For something to be drawn that takes long: as quick as can be while the model is trained, else as `read`. */
  readForMatrix(text: string): Promise<Reading> {
    const { plain, isLive } = this.model;
    return plain && isLive ? this.readFast(text, plain) : this.read(text);
  }

  /** T of a text: its tokens but the last. Throws a UserError for an unknown symbol or fewer than two tokens. */
  stepsOf(text: string): number {
    const { length } = this.encode(text);
    if (length < 2) throw new UserError('There is nothing to inspect: the text has {0} tokens, and at least 2 are needed.', length);
    return length - 1;
  }

  /** Ids of a text; those of the last one are kept. Throws a UserError for an unknown symbol. */
  encode(text: string): Ids {
    if (this.encoded?.text === text) return this.encoded.ids;
    const ids = this.model.vocabulary.encode(text);
    this.encoded = { text, ids };
    return ids;
  }

  private async lookExactly(text: string, target: number | 'last', thresholds: Thresholds, withTotal: boolean): Promise<Look> {
    this.stepsOf(text);
    const reading = new ExactReading(this.model.general, this.encode(text));
    return { trace: reading.trace, flows: await flowsOf(reading, target, thresholds), totals: await totalsOf(reading, withTotal) };
  }

  /** Good until the next call. */
  private async readFast(text: string, plain: PlainModel): Promise<FastReading> {
    const steps = this.stepsOf(text);
    if (this.fast?.steps !== steps) this.fast = FastReading.withRoom(steps, plain, this.model.backend, this.model.isLive);
    await this.fast.read(this.encode(text), plain);
    return this.fast;
  }
}

/** The flow to one target, layer by layer and direction by direction. Throws a UserError when there is no such step. */
export async function flowsOf(reading: Reading, wanted: number | 'last', thresholds: Thresholds): Promise<LayerFlow[]> {
  const { layers, steps } = reading.trace;
  const target = resolveTarget(wanted, steps);
  const norms = await reading.itemised(target);
  return norms.flatMap((directions, layer) =>
    directions.map(({ hidden, cellState }, d) => ({
      layer,
      direction: layers[layer].directions[d].direction,
      hidden: stateFlow(hidden, target, thresholds),
      cell: cellState.length > 0 ? stateFlow(cellState, target, thresholds) : null,
    })),
  );
}

async function totalsOf(reading: Reading, wanted: boolean): Promise<Look['totals']> {
  return wanted ? (await reading.totals()).totals : null;
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

/** Multiply-adds of one step through the whole model, one way. */
export function workOfStep({ layers, output, embedding }: GeneralModel): number {
  const ofLayers = layers.map(({ directions }, l) => directions.reduce((sum, { W, R }) => sum + R.length + (l > 0 || embedding ? W.length : 0), 0));
  return ofLayers.reduce((sum, work) => sum + work, output.W.length);
}

/** 'last' as a step, or the step itself; throws a UserError when the probe has no such step. */
export function resolveTarget(target: number | 'last', steps: number): number {
  if (target === 'last') return steps - 1;
  if (Number.isInteger(target) && target >= 0 && target < steps) return target;
  throw new UserError('The target {0} is not in the text; it can be from 0 to {1}.', target, steps - 1);
}
