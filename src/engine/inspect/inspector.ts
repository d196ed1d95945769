/** Reads probes with a model, and asks the analysis what its gradients do. */
import type { TotalNorms } from '../../core/backward/recurrence';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { readsBothWays } from '../../core/model/config';
import type { GeneralModel } from '../../core/model/generalModel';
import type { PlainModel } from '../../core/model/plainModel';
import type { Trace } from '../../core/model/trace';
import { isUnboundedBy } from '../../layers/catalog';
import type { Thresholds } from '../../terms/regions';
import { UserError } from '../../userError';
import type { Backend } from '../backend';
import { isNearKink, isWithinFloat32 } from './float32';
import { flowsOf, resolveTarget, type LayerFlow } from './flows';
import { Float64Reading, FastReading, type Reading } from './reading';

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

/** A probe that has been read, and the flow to one target of it. */
export interface Look {
  readonly trace: Trace;
  readonly flows: readonly LayerFlow[];
  /** Of the mean loss, layer by layer and direction by direction; null unless asked for. */
  readonly totals: readonly (readonly TotalNorms[])[] | null;
}

/** Nothing shows the regions. */
const noThresholds: Thresholds = { vanishing: -Infinity, exploding: Infinity };
/** Multiply-adds of a pass in float64 above which a plain model is read by the kernels. */
const maxFloat64Work = 4e9;

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
    if (!plain) return this.lookInFloat64(text, target, thresholds, withTotal);
    const reading = await this.readFast(text, plain);
    const flows = await flowsOf(reading, target, thresholds);
    const isTrusted = isLive || (await this.isTrusted(reading, flows, target, plain));
    return isTrusted ? { trace: reading.trace, flows, totals: await totalsOf(reading, withTotal) } : this.lookInFloat64(text, target, thresholds, withTotal);
  }

  /** The flow of a target says nothing of the states behind it, which are shown too; that of the last (of a backward direction, the first) does. */
  private async isTrusted(reading: FastReading, flows: readonly LayerFlow[], target: number | 'last', { config }: PlainModel): Promise<boolean> {
    const { trace, trace: { steps } } = reading;
    const isRelu = config.layers.some(({ cell, activation }) => isUnboundedBy(cell, activation));
    if (!Number.isFinite(trace.loss) || (isRelu && isNearKink(trace)) || !isWithinFloat32(flows, isRelu)) return false;
    const ends = readsBothWays(config) ? [0, steps - 1] : [steps - 1];
    for (const end of ends) {
      if (end !== resolveTarget(target, steps) && !isWithinFloat32(await flowsOf(reading, end, noThresholds), isRelu)) return false;
    }
    return true;
  }

  /** For figures that are to be right to the last digit: in float64, unless that would take too long. */
  async read(text: string): Promise<Reading> {
    const { plain, general } = this.model;
    const steps = this.stepsOf(text);
    const isQuick = steps * workOfStep(general) < maxFloat64Work;
    return plain && !isQuick ? this.readFast(text, plain) : new Float64Reading(general, this.encode(text));
  }

  /** By the kernels. Throws a UserError for a model whose form they do not know; good until the next call. */
  async readPlain(text: string): Promise<FastReading> {
    const { plain } = this.model;
    if (!plain) throw new UserError('error.inspect.notTruncatable');
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
    if (length < 2) throw new UserError('error.inspect.textTooShort', length);
    return length - 1;
  }

  /** Ids of a text; those of the last one are kept. Throws a UserError for an unknown symbol. */
  encode(text: string): Ids {
    if (this.encoded?.text === text) return this.encoded.ids;
    const ids = this.model.vocabulary.encode(text);
    this.encoded = { text, ids };
    return ids;
  }

  private async lookInFloat64(text: string, target: number | 'last', thresholds: Thresholds, withTotal: boolean): Promise<Look> {
    this.stepsOf(text);
    const reading = new Float64Reading(this.model.general, this.encode(text));
    return { trace: reading.trace, flows: await flowsOf(reading, target, thresholds), totals: await totalsOf(reading, withTotal) };
  }

  /** Good until the next call. */
  private async readFast(text: string, plain: PlainModel): Promise<FastReading> {
    const steps = this.stepsOf(text);
    if (this.fast?.steps !== steps) this.fast = FastReading.ofSize(steps, plain, this.model.backend, this.model.isLive);
    await this.fast.read(this.encode(text), plain);
    return this.fast;
  }
}

async function totalsOf(reading: Reading, wanted: boolean): Promise<Look['totals']> {
  return wanted ? (await reading.totals()).totals : null;
}

/** Multiply-adds of one step through the whole model, one way. */
export function workOfStep({ layers, output, embedding }: GeneralModel): number {
  const ofLayers = layers.map(({ directions }, l) => directions.reduce((sum, { W, R }) => sum + R.length + (l > 0 || embedding ? W.length : 0), 0));
  return ofLayers.reduce((sum, work) => sum + work, output.W.length);
}
