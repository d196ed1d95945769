/** The whole report of a text: what `backflow inspect` prints. */
import { readsBothWays } from '../../core/model/config';
import { sizesOfLayer } from '../../core/model/generalModel';
import { directionNames, type Floats, type Trace } from '../../core/model/trace';
import type { NonFiniteNumbers } from '../../core/nonFinite/findNonFinite';
import { kindOf } from '../../layers/catalog';
import type { InspectReport, InspectRequest } from '../../protocol/engine';
import type { LayerRegion } from '../../protocol/frame';
import type { PredictedNumbers } from '../../protocol/inspectReport';
import { startsAndEnds } from '../../tokens/spans';
import { UserError } from '../../userError';
import { reportedNumbers } from '../nonFinite/numbers';
import { flowsOf } from './flows';
import { inputMatrixOf } from './inputMatrix';
import { kernelModel, targetIn, type Inspector } from './inspector';
import { inputReports, layerReport } from './layerReport';
import { makeLongReport } from './longReport';
import { oneSequence } from './oneSequence';
import { Float64Reading, type Reading } from './reading';
import { stateNorms } from './states';

/** Steps that are inspected at once; a longer text is read in segments. */
export const maxTapeSteps = 8192;

/** @param pause called now and then in a long computation; throws when it is canceled */
export async function makeReport(
  inspector: Inspector,
  { text: given, ...asked }: InspectRequest,
  pause: () => Promise<void>,
): Promise<InspectReport> {
  const { vocabulary } = inspector.model;
  const { text, start } = oneSequence(given, vocabulary);
  const report = await reportOf(inspector, { ...asked, text }, pause);
  return start === 0
    ? report
    : {
        ...report,
        starts: report.starts.map((place) => place + start),
        ends: report.ends.map((place) => place + start),
      };
}

async function reportOf(
  inspector: Inspector,
  request: InspectRequest,
  pause: () => Promise<void>,
): Promise<InspectReport> {
  const { plain, vocabulary } = inspector.model;
  const read = inspector.encode(request.text);
  const { ids, symbols, numbers } = read;
  const steps = ids.length - 1;
  const target = targetIn(read, request.target);
  if (numbers && request.matrix) throw noMatrixOfNumbers();
  const byKernels = plain && kernelModel(plain);
  if (byKernels && !numbers && steps > maxTapeSteps && !readsBothWays(byKernels.config)) {
    return makeLongReport(inspector.model, byKernels, ids, target, request, pause);
  }
  const reading = await inspector.read(request.text);
  const { trace } = reading;
  await pause();
  const { totals, inputs: ofTotals, norms, input } = await reading.totalsWithInput();
  await pause();
  const flows = await flowsOf(reading, target, request.thresholds);
  const layers = flows.map(({ layer, direction, states: ofStates }) => {
    const { hiddenSize, cell: kind } = trace.layers[layer];
    const d = directionNames(trace.layers[layer]).indexOf(direction);
    const sizes = sizesOfLayer(inspector.model.general, layer);
    const states = kindOf(kind).states.map(({ name, width }, state) => ({
      name,
      width: width?.(sizes) ?? hiddenSize,
      norm: stateNorms(trace, layer, d, state),
      total: totals[layer][d][state],
      log10: ofStates[state].log10,
    }));
    return layerReport({ layer, direction, kind }, states, target, request.thresholds);
  });
  const lowest = { total: input, log10: await reading.inputFlow(target) };
  const ofTarget = await reading.perTargetInputs(target);
  const inputs = ofTotals.map((total, boundary) => {
    const log10 = ofTarget[boundary];
    return total && log10 && { total, log10 };
  });
  await pause();
  const regions = flows.flatMap(({ layer, direction, states: ofStates }) =>
    (ofStates.at(0)?.regions ?? []).map((region): LayerRegion => ({ layer, direction, ...region })),
  );
  const tokens = Array.from(trace.inputs, (id) => symbols[id]);
  const found = {
    loss: trace.loss,
    layers,
    ...norms,
    inputs: inputReports(lowest, inputs, layers, target, request.thresholds),
  };
  return {
    ...found,
    ...(numbers && { numbers: predictedNumbers(trace) }),
    ...reportedNumbers(numbersIn(inspector, reading, request.text, found), (step) => tokens.at(step) ?? null),
    tokens,
    ...startsAndEnds(request.text, vocabulary.unit, steps + 1),
    regions,
    matrix: request.matrix ? await reading.matrix(pause) : null,
    inputMatrix: request.matrix ? await inputMatrixOf(inspector, reading, request.text, pause) : null,
  };
}

function readAgain(inspector: Inspector, text: string): Float64Reading {
  const { ids, numbers } = inspector.encode(text);
  return new Float64Reading(inspector.model.general, ids, numbers);
}

/** A row of it would need a loss at its step. */
export function noMatrixOfNumbers(): UserError {
  return new UserError('error.numbers.matrix');
}

/** What a model of numbers predicts when it has read all, and what it should. */
export function predictedNumbers({ steps, probabilities, targetNumbers }: Trace): PredictedNumbers {
  const width = targetNumbers.length / steps;
  const last = (values: Floats) => Float64Array.from(values.subarray((steps - 1) * width, steps * width));
  return { predicted: last(probabilities), target: last(targetNumbers) };
}

const none: NonFiniteNumbers = { first: null, underflow: null };

/** Where all that a reading in float32 has found is finite, nothing has left float32; else it is read again in float64 to see where. */
function numbersIn(
  inspector: Inspector,
  reading: Reading,
  text: string,
  { loss, layers, inputs, parameterNorms }: Pick<InspectReport, 'loss' | 'layers' | 'inputs' | 'parameterNorms'>,
): NonFiniteNumbers {
  const isSound =
    Number.isFinite(loss) &&
    layers.every(({ states }) => states.every(({ norm, total }) => [...norm, ...total].every(Number.isFinite))) &&
    inputs.every(({ total }) => total.every(Number.isFinite)) &&
    Object.values(parameterNorms).every(Number.isFinite);
  return reading.nonFinite() ?? (isSound ? none : readAgain(inspector, text).nonFinite());
}
