/** The whole report of a text: what `backflow inspect` prints. */
import { readsBothWays } from '../../core/model/config';
import { sizesOfLayer } from '../../core/model/generalModel';
import { directionNames } from '../../core/model/trace';
import { kindOf } from '../../layers/catalog';
import type { InspectReport, InspectRequest } from '../../protocol/engine';
import type { LayerRegion } from '../../protocol/frame';
import { startsAndEnds } from '../../tokens/spans';
import { flowsOf, resolveTarget } from './flows';
import { inputMatrixOf } from './inputMatrix';
import { kernelModel, type Inspector } from './inspector';
import { inputReports, layerReport } from './layerReport';
import { makeLongReport } from './longReport';
import { oneSequence } from './oneSequence';
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
  const ids = inspector.idsOf(request.text);
  const steps = ids.length - 1;
  const target = resolveTarget(request.target, steps);
  const byKernels = plain && kernelModel(plain);
  if (byKernels && steps > maxTapeSteps && !readsBothWays(byKernels.config)) {
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
  return {
    loss: trace.loss,
    tokens: Array.from(trace.inputs, (id) => vocabulary.symbols[id]),
    ...startsAndEnds(request.text, vocabulary.unit, steps + 1),
    layers,
    ...norms,
    inputs: inputReports(lowest, inputs, layers, target, request.thresholds),
    regions,
    matrix: request.matrix ? await reading.matrix(pause) : null,
    inputMatrix: request.matrix ? await inputMatrixOf(inspector, reading, request.text, pause) : null,
  };
}
