/** The model of a recorded step, where its weights are a stack of known layers, on the tokens that were recorded; and whether it computes what the recorder measured. */
import type { Ids } from '../../core/corpus/ids';
import { noSpecials, Vocabulary } from '../../core/corpus/vocabulary';
import type { GeneralDirection, GeneralLayer, GeneralModel } from '../../core/model/generalModel';
import type { RecordedSeries, RecordedStep } from '../../formats/recording/stepFile';
import { stateNamed } from '../../layers/catalog';
import { activations, type Activation } from '../../layers/activation';
import { readDecodedWeights } from '../../modelFiles/torchWeights';
import type { LayerReport } from '../../protocol/engine';
import type { Architecture } from '../../protocol/model';
import type { RecordingAgreement } from '../../protocol/recording';
import { relativeTo } from '../../terms/regions';
import { UserError } from '../../userError';
import { tensorsNotFinite } from '../model/finiteness';
import { isAt, placeOf } from './places';
import type { RecordingRecord } from './runFile';

export interface RecordedStack {
  readonly model: GeneralModel;
  /** T + 1: what was read, and what follows. */
  readonly ids: Int32Array;
  readonly notices: readonly UserError[];
}

/** What log₁₀ may differ by. */
const limit = 1e-6;
/** Beyond this, it is another model than the recorded one; within, the job's own numbers were rounded. */
const limitOfReading = 1e-3;

/** Throws a UserError that says why it is none. @param file for the sentences */
export function stackOf(step: RecordedStep, record: RecordingRecord, given: Architecture, file: string): RecordedStack {
  const { ids, targets, steps } = step;
  if (!ids) throw new UserError('error.recording.noIds');
  if (!targets || targets.some((target, t) => target < 0 || (t + 1 < steps && target !== ids[t + 1])))
    throw noTargets(step);
  const { model, notices } = readDecodedWeights({ tensors: step.weights, unread: step.unread, metadata: {} }, file, {
    activation: given.activation ?? activationIn(record),
    tensors: given.tensors ?? answersIn(step, record),
  });
  const all = Int32Array.of(...ids, targets[steps - 1]);
  if (all.some((id) => id >= model.vocabularySize))
    throw new UserError('error.recording.idTooLarge', Math.max(...all), model.vocabularySize);
  return { model: withInitialStates(model, step), ids: all, notices };
}

/** The recorder reads what was to be predicted from the gradient of the scores: of numbers that are not finite there is nothing to read. */
function noTargets({ weights, series }: RecordedStep): UserError {
  const ofWeights = tensorsNotFinite(weights);
  const isBroken = ({ norm }: RecordedSeries) => !norm.every(Number.isFinite);
  const broken = ofWeights.length > 0 ? ofWeights : series.filter(isBroken).map(({ name }) => name);
  return broken.length > 0
    ? new UserError('error.recording.notFinite', broken.join(', '))
    : new UserError('error.recording.notNext');
}

/** Tokens of a recording by their names; a text is not read. */
export class RecordedIds extends Vocabulary {
  /** @param symbols as many as the model has */
  constructor(
    symbols: readonly string[],
    private readonly ids: Ids,
  ) {
    super(symbols, 'codePoint', noSpecials, true);
  }

  override encode(): Ids {
    return this.ids;
  }
}

/** How a token is shown: a symbol of the vocabulary, else its number. */
export function symbolOf({ vocabulary }: RecordingRecord, id: number): string {
  const symbol = vocabulary?.at(id) ?? '';
  return symbol === '' ? `#${id}` : symbol;
}

/** The same of all of a model; no two are the same. */
export function symbolsOf(record: RecordingRecord, size: number): string[] {
  const seen = new Set<string>();
  return Array.from({ length: size }, (_, id) => {
    const symbol = symbolOf(record, id);
    const shown = seen.has(symbol) ? `${symbol}#${id}` : symbol;
    seen.add(shown);
    return shown;
  });
}

/** Null where nothing can be compared: what enters at an output that another module reads is not one target's. @param layers of the model read again */
export function agreementOf(
  { series, target }: RecordedStep,
  { layers: described }: GeneralModel,
  layers: readonly LayerReport[],
): RecordingAgreement | null {
  const top = placeOf(described[described.length - 1]).module;
  const compared = series.filter(({ module, state }) => module === top && state !== null);
  let worst: Pick<RecordingAgreement, 'difference' | 'at'> | null = null;
  for (const recorded of compared) {
    const own = ownState(recorded, described, layers);
    for (const quantity of ['norm', 'flow'] as const) {
      const [theirs, ours] =
        quantity === 'norm'
          ? [recorded.norm.map(Math.log10), own?.norm.map(Math.log10)]
          : [relativeTo(target, recorded.flow), own && relativeTo(target, own.flow.log10)];
      for (let step = 0; step < theirs.length; step++) {
        const difference = ours ? differenceOf(theirs[step], ours[step]) : Infinity;
        if (!worst || difference > worst.difference)
          worst = { difference, at: { series: recorded.name, quantity, step } };
      }
    }
  }
  return worst && { series: compared.length, limit, agrees: worst.difference <= limit, ...worst };
}

/** Whether the reading is of the recorded model at all. */
export function isOfSameModel({ difference }: RecordingAgreement): boolean {
  return difference <= limitOfReading;
}

function differenceOf(a: number, b: number): number {
  if (Object.is(a, b) || (a === 0 && b === 0)) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Infinity : difference;
}

function ownState(
  { layer, direction, state }: RecordedSeries,
  described: readonly GeneralLayer[],
  layers: readonly LayerReport[],
): LayerReport['states'][number] | undefined {
  const top = placeOf(described[described.length - 1]).module;
  const at = described.findIndex((each) => isAt(each, top, layer));
  const own = layers.find((each) => each.layer === at && each.direction === (direction ?? 'forward'));
  return own?.states.find(({ name }) => stateNamed(name).symbol === state);
}

function withInitialStates(model: GeneralModel, { initial }: RecordedStep): GeneralModel {
  if (initial.size === 0) return model;
  const layers = model.layers.map((layer): GeneralLayer => {
    const { module, layer: own } = placeOf(layer);
    const directions = layer.directions.map((direction, d): GeneralDirection => {
      const states = ['h', 'c'].map(
        (state) => initial.get(`${module}:${state}_0`)?.at(own * layer.directions.length + d) ?? null,
      );
      return states.every((state) => state === null || state.length === layer.hiddenSize)
        ? { ...direction, initialStates: states }
        : direction;
    });
    return { ...layer, directions };
  });
  return { ...model, layers };
}

/** Null where modules differ: then one has to say it. */
function activationIn({ modules }: RecordingRecord): Activation | null {
  const said = new Set(modules.flatMap(({ nonlinearity }) => nonlinearity ?? []));
  return said.size === 1 ? (activations.find((name) => said.has(name)) ?? null) : null;
}

/** What the recorder knows of the tensors, in the words of `--tensors`. */
function answersIn({ weights }: RecordedStep, { embedding, head }: RecordingRecord): string | null {
  const said = [
    ['embedding', embedding],
    ['output', head],
  ].flatMap(([role, module]) => {
    if (module === null) return [];
    const name = module === '' ? 'weight' : `${module}.weight`;
    return weights.has(name) ? [`${role}=${name}`] : [];
  });
  return said.length > 0 ? said.join(',') : null;
}
