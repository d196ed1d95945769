/** Reads probes with a model, and asks the analysis what its gradients do. */
import type { TotalNorms } from '../../core/backward/totals';
import type { Ids } from '../../core/corpus/ids';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { contextOfLayers, isMixer, isPlainStack, readsBothWays } from '../../core/model/config';
import { Doubles } from '../../core/float64/doubles';
import { hasInputRows, type GeneralModel } from '../../core/model/generalModel';
import type { PlainModel } from '../../core/model/plainModel';
import type { HeadNorms } from '../../core/layers/float64Mixer';
import type { Trace } from '../../core/model/trace';
import { isUnboundedBy } from '../../layers/catalog';
import type { HeadChoice } from '../../protocol/frame';
import type { Thresholds } from '../../terms/regions';
import { UserError } from '../../userError';
import type { Backend } from '../backend';
import { isAnySaturated, isNearKink, isWithinFloat32 } from './float32';
import {
  flowsOf,
  inputFlowsOf,
  noThresholds,
  resolveTarget,
  textTooShort,
  type LayerFlow,
  type SeriesFlow,
} from './flows';
import { Float64Reading, FastReading, type Reading } from './reading';
import { readTextOf, type ReadText } from './readText';
import { Steadiness } from './steadiness';

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

/** What is looked at: a text that a model has read, and one target of it. All that a frame or a hover shows is in it; good until the inspector's next call. */
export interface Look {
  readonly general: GeneralModel;
  /** By the trace's ids: of the vocabulary, or of numbers what stands in the text. */
  readonly symbols: readonly string[];
  readonly trace: Trace;
  /** τ, the step whose loss is traced back. */
  readonly target: number;
  readonly thresholds: Thresholds;
  readonly flows: readonly LayerFlow[];
  /** Of the mean loss, layer by layer and direction by direction; null unless asked for. */
  readonly totals: readonly (readonly TotalNorms[])[] | null;
  /** At boundary 0 … N; null unless asked for, or where states do not say the same. */
  readonly inputs: {
    readonly flows: readonly SeriesFlow[];
    /** Null unless asked for; of a boundary whose gradients are a state's null. */
    readonly totals: readonly (Float64Array | null)[] | null;
  } | null;
  /** Of the layer of heads that was asked for; null of another layer. */
  readonly heads: (HeadChoice & HeadNorms) | null;
}

/** What is looked at besides the flow of the states. */
export interface Besides {
  readonly total?: boolean;
  /** A model in which states do not say the same is looked at by its inputs, asked for or not. */
  readonly inputs?: boolean;
  readonly head?: HeadChoice;
}

/** Throws a UserError for a target that is no step of the text, and of numbers for any but the last: nothing else is predicted. */
export function targetIn({ ids, numbers }: ReadText, wanted: number | 'last'): number {
  const steps = ids.length - 1;
  const target = resolveTarget(wanted, steps);
  if (numbers && target !== steps - 1) throw new UserError('error.numbers.target', target, steps - 1);
  return target;
}

/** Multiply-adds of a pass in float64 above which a plain model is read by the kernels. */
const maxFloat64Work = 4e9;

export class Inspector {
  private fast: FastReading | null = null;
  /** Of the last look in float64. */
  private readonly doubles = new Doubles();
  private steadiness: Steadiness | null = null;
  private encoded: { readonly text: string; readonly read: ReadText } | null = null;

  constructor(readonly model: InspectedModel) {}

  /**
   * For drawing: quick, and right. Throws a UserError as `encode` does, and for a target that is no step of the text.
   */
  async look(
    text: string,
    wanted: number | 'last',
    thresholds: Thresholds,
    { total = false, inputs = false, head }: Besides = {},
  ): Promise<Look> {
    const read = this.encode(text);
    const target = targetIn(read, wanted);
    const { reading, flows } = await this.readTrusted(read, target, thresholds);
    const { general } = this.model;
    const { symbols } = read;
    const found = total ? await reading.totals() : null;
    const hasInputs = general.layers.some((_, layer) => hasInputRows(general, layer + 1));
    const ofInputs =
      inputs || hasInputs
        ? { flows: await inputFlowsOf(reading, target, thresholds), totals: found && found.inputs }
        : null;
    const totals = found && found.totals;
    return {
      general,
      symbols,
      trace: reading.trace,
      target,
      thresholds,
      flows,
      totals,
      inputs: ofInputs,
      heads: head ? await headsOf(reading, target, head) : null,
    };
  }

  /** For figures that are to be right to the last digit: in float64, unless that would take too long. */
  async read(text: string): Promise<Reading> {
    const { general } = this.model;
    const plain = this.byKernels;
    const read = this.encode(text);
    const isQuick = (read.ids.length - 1) * workOfStep(general) < maxFloat64Work;
    return plain && !isQuick ? this.readFast(read, plain) : new Float64Reading(general, read.ids, read.numbers);
  }

  /** By the kernels. Throws a UserError for a model whose form they do not know; good until the next call. */
  async readPlain(text: string): Promise<FastReading> {
    const plain = this.byKernels;
    if (!plain) throw new UserError('error.inspect.notTruncatable');
    return this.readFast(this.encode(text), plain);
  }

  /** For something to be drawn that takes long: as quick as can be while the model is trained, else as `read`. */
  async readForMatrix(text: string): Promise<Reading> {
    const { isLive } = this.model;
    const plain = this.byKernels;
    return plain && isLive ? this.readFast(this.encode(text), plain) : this.read(text);
  }

  /** Ids of a text, one more than there are steps. Throws a UserError as `encode` does. */
  idsOf(text: string): Ids {
    return this.encode(text).ids;
  }

  /** A text as the model reads it; that of the last text is kept. Throws a UserError for an unknown symbol, fewer than two tokens, or what is no sequence of numbers. */
  encode(text: string): ReadText {
    if (this.encoded?.text !== text) this.encoded = { text, read: readTextOf(text, this.model) };
    const { read } = this.encoded;
    const { ids } = read;
    if (ids.length < 2) throw textTooShort(ids.length);
    const context = contextOfLayers(this.model.general.layers);
    if (context !== null && ids.length - 1 > context)
      throw new UserError('error.inspect.longerThanContext', ids.length - 1, context);
    return read;
  }

  /** Where float32 cannot be trusted with the flow the probe is read again in float64, unless the model is being trained. */
  private async readTrusted(
    text: ReadText,
    target: number,
    thresholds: Thresholds,
  ): Promise<{ reading: Reading; flows: readonly LayerFlow[] }> {
    const { general, isLive } = this.model;
    const plain = this.byKernels;
    if (plain) {
      const reading = await this.readFast(text, plain);
      const flows = await flowsOf(reading, target, thresholds);
      // How float32 spoils what goes past a layer has not been measured.
      if (isLive || (isPlainStack(plain.config) && (await this.isTrusted(text, reading, flows, target, plain))))
        return { reading, flows };
    }
    this.doubles.begin();
    const reading = new Float64Reading(general, text.ids, text.numbers, this.doubles.take);
    return { reading, flows: await flowsOf(reading, target, thresholds) };
  }

  /** The flow of a target says nothing of the states behind it, which are shown too; that of the last (of a backward direction, the first) does. */
  private async isTrusted(
    text: ReadText,
    reading: FastReading,
    flows: readonly LayerFlow[],
    target: number,
    plain: PlainModel,
  ): Promise<boolean> {
    const { config } = plain;
    const {
      trace,
      trace: { steps },
    } = reading;
    const isRelu = config.layers.some(({ cell, activation }) => isUnboundedBy(cell, activation));
    if (!Number.isFinite(trace.loss) || isNearKink(trace, config) || !isWithinFloat32(flows, isRelu)) return false;
    const ends = readsBothWays(config) ? [0, steps - 1] : [steps - 1];
    const flowsToEnds: (readonly LayerFlow[])[] = [];
    for (const end of ends) {
      const flowsToEnd = end === target ? flows : await flowsOf(reading, end, noThresholds);
      if (!isWithinFloat32(flowsToEnd, isRelu)) return false;
      flowsToEnds.push(flowsToEnd);
    }
    if (!isAnySaturated(trace)) return true;
    this.steadiness ??= new Steadiness(plain, (asked, model) => this.readFast(asked, model));
    return this.steadiness.of(text, ends, flowsToEnds);
  }

  private get byKernels(): PlainModel | null {
    const { plain } = this.model;
    return plain && kernelModel(plain);
  }

  /** Good until the next call. */
  private async readFast(text: ReadText, plain: PlainModel): Promise<FastReading> {
    const steps = text.ids.length - 1;
    if (this.fast?.steps !== steps) this.fast = FastReading.ofSize(steps, plain, this.model.backend, this.model.isLive);
    await this.fast.read(text, plain);
    return this.fast;
  }
}

/** Null of a layer without heads; of a head that it does not have, its last: a page can ask for what the model before had. */
async function headsOf(reading: Reading, target: number, { layer, head }: HeadChoice): Promise<Look['heads']> {
  const count = reading.trace.layers.at(layer)?.values?.heads.length ?? 0;
  const norms = count > 0 ? await reading.headNorms(target, layer) : null;
  return norms && { layer, head: Math.min(head, count - 1), ...norms };
}

/** The model where the kernels can inspect it: what flows through a mixer is computed in float64 only; else null. */
export function kernelModel(plain: PlainModel): PlainModel | null {
  return plain.config.layers.some(isMixer) ? null : plain;
}

/** Multiply-adds of one step through the whole model, one way. */
export function workOfStep({ layers, output, embedding, isOfNumbers }: GeneralModel): number {
  const ofLayers = layers.map(({ directions }, l) =>
    directions.reduce(
      (sum, { W, R, own }) =>
        sum +
        R.length +
        (l > 0 || embedding || isOfNumbers === true ? W.length : 0) +
        Object.values(own).reduce((numbers, { length }) => numbers + length, 0),
      0,
    ),
  );
  return ofLayers.reduce((sum, work) => sum + work, output.W.length);
}
