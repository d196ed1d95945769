/** Spectra of the carried state over a text, and what explains the horizon: what `backflow inspect --spectrum` prints, and the panel shows. */
import { readInFloat64, type Float64Trace } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import { isPlainModel } from '../../core/model/generalModel';
import { Parameters } from '../../core/model/parameters';
import { generalModelOf } from '../../core/model/plainModel';
import { carriedStates, NoCarriedState, type CarriedState } from '../../core/spectra/carriedState';
import { largestByLag } from '../../core/spectra/byLag';
import { horizonCause } from '../../core/spectra/horizonCause';
import {
  carriedDirections,
  effectiveRank,
  hasSingularValues,
  maxDense,
  singularValuesAt,
} from '../../core/spectra/jacobian';
import { largestSampled, lyapunovSpectrum, type LyapunovSpectrum } from '../../core/spectra/lyapunov';
import { matrixSpectrumInPieces, maxSize } from '../../core/spectra/matrixSpectrum';
import { kindOf } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import { torchName, torchNameInLayer } from '../../modelFiles/torchNames';
import {
  carriedPart,
  type DirectionsByLag,
  type MatrixSpectrum,
  type SpectrumReport,
  type SpectrumRequest,
  type StateSpectrum,
} from '../../protocol/spectrum';
import type { Message } from '../../messages';
import { UserError } from '../../userError';
import { resolveTarget } from './flows';
import type { Inspector } from './inspector';
import { oneSequence } from './oneSequence';
import { windowOf } from './readText';
import { maxTapeSteps } from './report';

/** Called now and then with the part that is done; throws when it is canceled. */
type Pause = (done: number) => Promise<void>;

/** Lags at which directions are counted, about. */
const maxLags = 32;

/** What a spectrum is computed of: the text as it has been read, and the weights that read it, which training does not change. */
export interface SpectrumSource {
  readonly trace: Float64Trace;
  readonly tokens: readonly string[];
  readonly trainingStep: number;
}

/** Throws a UserError for a text that cannot be read, or is too long. */
export function prepareSpectrum(inspector: Inspector, given: string, trainingStep: number): SpectrumSource {
  const { general, plain, vocabulary } = inspector.model;
  const read = inspector.encode(oneSequence(given, vocabulary).text);
  const { inputs, targets, window } = windowOf(read);
  const steps = inputs.length;
  if (steps > maxTapeSteps) throw new UserError('error.spectrum.textTooLong', steps, maxTapeSteps);
  const model = plain ? copyOf(plain) : general;
  const trace = readInFloat64(model, inputs, targets, window);
  return { trace, tokens: Array.from(trace.inputs, (id) => read.symbols[id]), trainingStep };
}

function copyOf({ config, parameters }: NonNullable<Inspector['model']['plain']>): GeneralModel {
  return generalModelOf(config, new Parameters(config, parameters.values.slice()));
}

/** Throws a UserError for a target that is no step of the text. */
export async function makeSpectrum(
  { trace, tokens, trainingStep }: SpectrumSource,
  request: SpectrumRequest,
  pause: Pause,
): Promise<SpectrumReport> {
  const target = resolveTarget(request.target, trace.steps);
  const matrices = await matricesOf(trace.model, () => pause(0));
  const about = { trainingStep, tokens, target, matrices };
  const notices: Message[] = matrices.some(({ spectralRadius }) => spectralRadius === null)
    ? [{ key: 'notice.spectrum.matrix', args: [maxSize] }]
    : [];
  let states: CarriedState[];
  try {
    states = carriedStates(trace);
  } catch (thrown) {
    if (!(thrown instanceof NoCarriedState)) throw thrown;
    return { ...about, cause: null, states: [], notices: [{ key: 'error.spectrum.noState', args: [] }, ...notices] };
  }
  const cause = await horizonCause(trace, target, request.vanishing);
  const found: StateSpectrum[] = [];
  for (const [i, state] of states.entries())
    found.push(await spectrumOfState(state, target, request, (done) => pause((i + done) / states.length)));
  if (!states.every(hasSingularValues)) notices.unshift({ key: 'notice.spectrum.wide', args: [maxDense] });
  const sampled = Math.max(...states.map((state) => largestSampled(state, request.count)));
  if (sampled > 0) notices.unshift({ key: 'notice.spectrum.directions', args: [request.count, sampled] });
  return { ...about, cause, states: found, notices };
}

async function spectrumOfState(
  state: CarriedState,
  target: number,
  { count, values, byLag }: SpectrumRequest,
  pause: Pause,
): Promise<StateSpectrum> {
  const isDense = hasSingularValues(state);
  // Singular values take longest, and directions by lag about as long as the exponents.
  const [first, second] = isDense ? (byLag ? [0.25, 0.75] : [0.4, 1]) : [1, 1];
  let record = 0;
  const spectrum = await lyapunovSpectrum(state, count, () => pause(Math.min(1, record++ / 32) * first));
  const jacobian = isDense ? await jacobianOf(state, values, (done) => pause(first + done * (second - first))) : null;
  return {
    direction: state.direction,
    size: state.size,
    lyapunov: spectrum.exponents,
    finiteTime: finiteTimeOf(state, spectrum),
    jacobian,
    byLag:
      isDense && byLag ? await directionsByLag(state, target, (done) => pause(second + done * (1 - second))) : null,
  };
}

function finiteTimeOf({ order }: CarriedState, { ends, growth }: LyapunovSpectrum): StateSpectrum['finiteTime'] {
  const from = ends.map((_, record) => (record === 0 ? 0 : ends[record - 1]));
  return {
    from: from.map((visited) => order[visited]),
    exponents: joined(growth.map((logs, record) => logs.map((log) => log / (ends[record] - from[record])))),
  };
}

async function directionsByLag(state: CarriedState, target: number, pause: Pause): Promise<DirectionsByLag | null> {
  const visited = state.order.indexOf(target);
  const lags = lagsUpTo(visited);
  if (lags.length === 0) return null;
  let step = 0;
  const { logs, floors } = await largestByLag(state, visited, lags, () => pause(step++ / visited));
  return {
    lags: Int32Array.from(lags),
    largest: Float64Array.from(logs, (values) => values.at(0) ?? -Infinity),
    effectiveRank: Float64Array.from(logs, effectiveRank),
    carried: Float64Array.from(logs, (values, i) =>
      floors[i] > Math.log(carriedPart) ? NaN : carriedDirections(values, carriedPart),
    ),
  };
}

/** Doubling at first, then evenly spaced. */
function lagsUpTo(last: number): number[] {
  const every = Math.max(1, Math.ceil(last / maxLags));
  const lags: number[] = [];
  for (let lag = 1; lag < every; lag *= 2) lags.push(lag);
  for (let lag = every; lag <= last; lag += every) lags.push(lag);
  if (last > 0 && lags.at(-1) !== last) lags.push(last);
  return lags;
}

async function jacobianOf(state: CarriedState, count: number, pause: Pause): Promise<StateSpectrum['jacobian']> {
  const steps = state.order.toSorted();
  const [median, smallest] = [new Float64Array(steps.length), new Float64Array(steps.length)];
  const largest: Float64Array[] = [];
  for (const [i, t] of steps.entries()) {
    const values = singularValuesAt(state, t, count);
    largest.push(values.largest);
    median[i] = values.median;
    smallest[i] = values.smallest;
    await pause(i / steps.length);
  }
  return { steps, largest: joined(largest), median, smallest };
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(rows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

async function matricesOf(model: GeneralModel, pause: () => Promise<void>): Promise<MatrixSpectrum[]> {
  const isPlain = isPlainModel(model);
  const found: MatrixSpectrum[] = [];
  for (const [layer, { cell, hiddenSize: H, directions }] of model.layers.entries()) {
    const { gates, parameters } = kindOf(cell);
    const parameter = parameters.find(({ role }) => role === recurrentWeights.role);
    if (!parameter) continue;
    for (const { direction, R } of directions) {
      const name = isPlain
        ? torchName(parameter, layer, direction)
        : torchNameInLayer(parameter, layer, direction, false);
      for (const [block, gate] of gates.entries()) {
        const spectrum = await matrixSpectrumInPieces(R, H, block, pause);
        found.push({
          name: gates.length === 1 ? name : `${name}.${gate}`,
          layer,
          direction,
          spectralRadius: spectrum && spectrum.spectralRadius,
          spectralNorm: spectrum && spectrum.spectralNorm,
        });
        await pause();
      }
    }
  }
  return found;
}
