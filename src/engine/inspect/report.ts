/** The whole report of a text: what `backflow inspect` prints. */
import { readsBothWays } from '../../core/model/config';
import type { InspectReport, InspectRequest, LayerReport } from '../../protocol/engine';
import type { LayerRegion } from '../../protocol/frame';
import { kindOf } from '../../layers/catalogue';
import { startsAndEnds } from '../../tokens/spans';
import { flowsOf, resolveTarget } from './flows';
import type { Inspector } from './inspector';
import { makeLongReport } from './longReport';
import { stateNorms } from './states';

/** Steps that are inspected at once; a longer text is read in segments. */
const longestTape = 8192;

/** @param pause called now and then in a long computation; throws when it is cancelled */
export async function makeReport(inspector: Inspector, request: InspectRequest, pause: () => Promise<void>): Promise<InspectReport> {
  const { plain, vocabulary } = inspector.model;
  const steps = inspector.stepsOf(request.text);
  const target = resolveTarget(request.target, steps);
  if (plain && steps > longestTape && !readsBothWays(plain.config)) {
    return makeLongReport(inspector.model, plain, inspector.encode(request.text), target, request, pause);
  }
  const reading = await inspector.read(request.text);
  const { trace } = reading;
  await pause();
  const { totals, norms } = await reading.totals();
  await pause();
  const flows = await flowsOf(reading, target, request.thresholds);
  const layers = flows.map(({ layer, direction, states: [{ log10, horizon }] }): LayerReport => {
    const d = trace.layers[layer].directions.findIndex((each) => each.direction === direction);
    const states = kindOf(trace.layers[layer].cell).states.map(({ name }, state) => ({ name, norm: stateNorms(trace, layer, d, state), total: totals[layer][d][state] }));
    return { layer, direction, states, flow: { target, log10, horizon } };
  });
  const regions = flows.flatMap(({ layer, direction, states: [{ regions }] }) => regions.map((region): LayerRegion => ({ layer, direction, ...region })));
  return {
    loss: trace.loss,
    tokens: Array.from(trace.inputs, (id) => vocabulary.symbols[id]),
    ...startsAndEnds(request.text, vocabulary.unit, steps + 1),
    layers,
    ...norms,
    regions,
    matrix: request.matrix ? await reading.matrix(pause) : null,
  };
}
