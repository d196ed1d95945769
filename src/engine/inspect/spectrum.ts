/** Spectra of the carried state over a text: what `backflow inspect --spectrum` prints. */
import { readInFloat64, type Float64Trace } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import { isPlainModel } from '../../core/model/generalModel';
import { Parameters } from '../../core/model/parameters';
import { generalModelOf } from '../../core/model/plainModel';
import { carriedStates, NoCarriedState, type CarriedState } from '../../core/spectra/carriedState';
import { hasSingularValues, maxDense, singularValuesAt } from '../../core/spectra/jacobian';
import { largestSampled, lyapunovSpectrum } from '../../core/spectra/lyapunov';
import { matrixSpectrumOf, maxSize } from '../../core/spectra/matrixSpectrum';
import { kindOf } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import { torchName, torchNameInLayer } from '../../modelFiles/torchNames';
import type { MatrixSpectrum, SpectrumReport, SpectrumRequest, StateSpectrum } from '../../protocol/spectrum';
import type { Message } from '../../messages';
import { UserError } from '../../userError';
import type { Inspector } from './inspector';
import { oneSequence } from './oneSequence';
import { maxTapeSteps } from './report';

type Pause = () => Promise<void>;

/** What a spectrum is computed of: the text as it has been read, and the weights that read it, which training does not change. */
export interface SpectrumSource {
  readonly trace: Float64Trace;
  readonly trainingStep: number;
}

/** Throws a UserError for a text that cannot be read, or is too long. */
export function prepareSpectrum(inspector: Inspector, given: string, trainingStep: number): SpectrumSource {
  const { general, plain, vocabulary } = inspector.model;
  const ids = inspector.idsOf(oneSequence(given, vocabulary).text);
  const steps = ids.length - 1;
  if (steps > maxTapeSteps) throw new UserError('error.spectrum.textTooLong', steps, maxTapeSteps);
  const model = plain ? copyOf(plain) : general;
  const trace = readInFloat64(model, Int32Array.from(ids.subarray(0, steps)), Int32Array.from(ids.subarray(1)));
  return { trace, trainingStep };
}

function copyOf({ config, parameters }: NonNullable<Inspector['model']['plain']>): GeneralModel {
  return generalModelOf(config, new Parameters(config, parameters.values.slice()));
}

/** @param pause called now and then; throws when it is canceled */
export async function makeSpectrum(
  { trace, trainingStep }: SpectrumSource,
  request: SpectrumRequest,
  pause: Pause,
): Promise<SpectrumReport> {
  const matrices = await matricesOf(trace.model, pause);
  const about = { trainingStep, matrices };
  const notices: Message[] = matrices.some(({ spectralRadius }) => spectralRadius === null)
    ? [{ key: 'notice.spectrum.matrix', args: [maxSize] }]
    : [];
  let states: CarriedState[];
  try {
    states = carriedStates(trace);
  } catch (thrown) {
    if (!(thrown instanceof NoCarriedState)) throw thrown;
    return { ...about, states: [], notices: [{ key: 'error.spectrum.noState', args: [] }, ...notices] };
  }
  const found: StateSpectrum[] = [];
  for (const state of states) found.push(await spectrumOfState(state, request.count, pause));
  if (!states.every(hasSingularValues)) notices.unshift({ key: 'notice.spectrum.wide', args: [maxDense] });
  const sampled = Math.max(...states.map((state) => largestSampled(state, request.count)));
  if (sampled > 0) notices.unshift({ key: 'notice.spectrum.directions', args: [request.count, sampled] });
  return { ...about, states: found, notices };
}

async function spectrumOfState(state: CarriedState, count: number, pause: Pause): Promise<StateSpectrum> {
  const { exponents } = await lyapunovSpectrum(state, count, pause);
  const isDense = hasSingularValues(state);
  return {
    direction: state.direction,
    size: state.size,
    lyapunov: exponents,
    jacobian: isDense ? await jacobianOf(state, count, pause) : null,
  };
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
    await pause();
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

async function matricesOf(model: GeneralModel, pause: Pause): Promise<MatrixSpectrum[]> {
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
        const spectrum = matrixSpectrumOf(R, H, block);
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
