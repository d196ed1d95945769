/** The whole report of a text: what `backflow inspect` prints. */
import { directionsOf } from '../../core/model/config';
import type { InspectReport, InspectRequest, LayerReport } from '../../protocol/engine';
import type { Region } from '../../protocol/frame';
import { gradientReport } from './gradientReport';
import { resolveTarget, type Inspector } from './inspector';
import { makeLongReport } from './longReport';
import { hiddenNorms } from './states';

/** Steps that are inspected on one tape; a longer text is read in segments. */
const longestTape = 8192;

/** @param pause called now and then in a long computation; throws when it is cancelled */
export async function makeReport(inspector: Inspector, request: InspectRequest, pause: () => Promise<void>): Promise<InspectReport> {
  const { config, vocabulary } = inspector.model;
  const ids = inspector.encode(request.text);
  if (ids.length - 1 > longestTape && !config.bidirectional) {
    return makeLongReport(inspector.model, ids, resolveTarget(request.target, ids.length - 1), request, pause);
  }
  const tape = await inspector.read(request.text);
  const target = resolveTarget(request.target, tape.steps);
  const { totals, gradient } = await inspector.totals();
  const flows = await inspector.flows(target, request.thresholds);
  const directions = directionsOf(config);
  const layers = flows.map(({ layer, direction, hidden: { log10, horizon } }): LayerReport => {
    const d = directions.indexOf(direction);
    const { hidden: total, cellState } = totals[layer][d];
    return { layer, direction, hidden: hiddenNorms(tape, layer, d), total, totalCell: cellState.length > 0 ? cellState : null, flow: { target, log10, horizon } };
  });
  const regions = flows.flatMap(({ layer, direction, hidden }) => hidden.regions.map((region): Region => ({ layer, direction, ...region })));
  return {
    loss: tape.loss,
    tokens: Array.from(tape.inputs, (id) => vocabulary.symbols[id]),
    layers,
    ...gradientReport(gradient, config),
    regions,
    matrix: request.matrix ? await inspector.matrix(pause) : null,
  };
}
