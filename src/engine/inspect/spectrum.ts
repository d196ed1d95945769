/** Spectra of the carried state over a text: what `backflow inspect --spectrum` prints and the panel draws. */
import { readInFloat64, rowsOf, type Float64Trace } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import { isPlainModel } from '../../core/model/generalModel';
import { Parameters } from '../../core/model/parameters';
import { generalModelOf } from '../../core/model/plainModel';
import { carriedStates, NoCarriedState, type CarriedState } from '../../core/spectra/carriedState';
import {
  carriedDirections,
  effectiveRank,
  hasSingularValues,
  productsByLag,
  singularValuesAt,
} from '../../core/spectra/jacobian';
import { lyapunovSpectrum } from '../../core/spectra/lyapunov';
import { matrixSpectrumOf } from '../../core/spectra/matrixSpectrum';
import { kindOf } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import { torchName, torchNameInLayer } from '../../modelFiles/torchNames';
import type { MatrixSpectrum, SpectrumReport, SpectrumRequest, StateSpectrum } from '../../protocol/spectrum';
import { saturatedAbove } from '../../terms/saturation';
import { UserError } from '../../userError';
import { resolveTarget } from './flows';
import type { Inspector } from './inspector';
import { oneSequence } from './oneSequence';
import { maxTapeSteps } from './report';

type Pause = () => Promise<void>;

/** Singular values where not every step's are wanted. */
const maxShownSteps = 96;
/** What a direction keeps at least of its length to be counted. */
const keptPart = 1e-3;
const lags = [0, 1, 2, 3, 5, 8, 13, 20, 32, 50, 80, 128, 200];

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
  const target = resolveTarget(request.target, trace.steps);
  const about = {
    trainingStep,
    target,
    matrices: await matricesOf(trace.model, pause),
    saturated: saturatedPart(trace),
    slowestGate: slowestGate(trace),
  };
  let states: CarriedState[];
  try {
    states = carriedStates(trace);
  } catch (thrown) {
    if (!(thrown instanceof NoCarriedState)) throw thrown;
    return { ...about, states: [], refusal: { key: 'error.spectrum.noState', args: [] } };
  }
  const found: StateSpectrum[] = [];
  for (const state of states) found.push(await spectrumOfState(state, target, request, pause));
  return { ...about, states: found, refusal: null };
}

async function spectrumOfState(
  state: CarriedState,
  target: number,
  { count, everyStep, byLag }: SpectrumRequest,
  pause: Pause,
): Promise<StateSpectrum> {
  const { exponents, ends, growth } = await lyapunovSpectrum(state, count, pause);
  const isDense = hasSingularValues(state);
  return {
    direction: state.direction,
    size: state.size,
    isChosen: state.blocks.every(({ logFactors }) => logFactors !== null),
    lyapunov: exponents,
    ends,
    growth: joined(growth),
    jacobian: isDense ? await jacobianOf(state, count, everyStep, pause) : null,
    products: isDense && byLag ? await productsOf(state, target, count, pause) : null,
  };
}

async function jacobianOf(
  state: CarriedState,
  count: number,
  everyStep: boolean,
  pause: Pause,
): Promise<StateSpectrum['jacobian']> {
  const T = state.order.length;
  const shown = everyStep ? T : Math.min(T, maxShownSteps);
  const steps = Int32Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * T) / shown));
  const [median, smallest] = [new Float64Array(shown), new Float64Array(shown)];
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

async function productsOf(
  state: CarriedState,
  target: number,
  count: number,
  pause: Pause,
): Promise<StateSpectrum['products']> {
  const { order, size } = state;
  const last = order.indexOf(target);
  const shown = lags.filter((lag) => lag <= last + 1);
  const { logs } = await productsByLag(state, last, shown, pause);
  return {
    lags: Int32Array.from(shown),
    largest: joined(logs.map((values) => values.slice(0, count))),
    median: Float64Array.from(logs, (values) => (values[(size - 1) >> 1] + values[size >> 1]) / 2),
    smallest: Float64Array.from(logs, (values) => values[size - 1]),
    effectiveRank: Float64Array.from(logs, effectiveRank),
    carried: Int32Array.from(logs, (values) => carriedDirections(values, keptPart)),
  };
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

function saturatedPart({ layers, steps }: Float64Trace): number | null {
  let [saturated, all] = [0, 0];
  for (const { cell, directions, hiddenSize: H } of layers) {
    const first = kindOf(cell).states.at(0);
    const map = kindOf(cell).unitMaps.find(({ name }) => name === first?.unitMap);
    for (const own of directions) {
      if (map?.isActivated !== true || own.parameters.activations.at(0)?.name !== 'tanh') continue;
      for (let t = 0; t < steps; t++) {
        const { after } = rowsOf(own, t);
        for (let u = after * H; u < (after + 1) * H; u++) if (Math.abs(own.states[0][u]) > saturatedAbove) saturated++;
      }
      all += steps * H;
    }
  }
  return all === 0 ? null : saturated / all;
}

function slowestGate({ layers, steps }: Float64Trace): number | null {
  let slowest: number | null = null;
  for (const { cell, directions, hiddenSize: H } of layers) {
    const { gates, unitMaps } = kindOf(cell);
    const gate = gates.findIndex((name) => unitMaps.some((map) => map.name === name && map.keeps));
    if (gate < 0) continue;
    for (const { gates: values } of directions)
      for (let u = 0; u < H; u++) {
        let sum = 0;
        for (let t = 0; t < steps; t++) sum += Math.log(values[(t * gates.length + gate) * H + u]);
        slowest = Math.max(slowest ?? -Infinity, sum / steps);
      }
  }
  return slowest;
}
