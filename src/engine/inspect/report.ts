/** The whole report of a text: what `backflow inspect` prints. */
import { Parameters } from '../../core/model/parameters';
import { norm } from '../../core/numeric';
import type { InspectReport, InspectRequest, LayerReport } from '../../protocol/engine';
import type { Region } from '../../protocol/frame';
import { resolveTarget, type Inspector } from './inspector';

/** @param pause called now and then in a long computation; throws when it is cancelled */
export async function makeReport(inspector: Inspector, request: InspectRequest, pause: () => Promise<void>): Promise<InspectReport> {
  const { config, vocabulary } = inspector.model;
  const tape = await inspector.read(request.text);
  const target = resolveTarget(request.target, tape.steps);
  const gradient = new Parameters(config);
  const totals = await inspector.totals(gradient);
  const flows = inspector.flows(target, request.thresholds);
  const H = config.hiddenSize;

  const layers = flows.map(({ hidden: { log10, horizon } }, layer): LayerReport => {
    const hidden = Float64Array.from({ length: tape.steps }, (_, t) => norm(tape.layers[layer].hidden, (t + 1) * H, H));
    const { hidden: total, cellState } = totals[layer];
    return { layer, direction: 'forward', hidden, total, totalCell: cellState.length > 0 ? cellState : null, flow: { target, log10, horizon } };
  });
  const regions = flows.flatMap((flow, layer) => flow.hidden.regions.map((region): Region => ({ layer, direction: 'forward', ...region })));
  return {
    loss: tape.loss,
    tokens: Array.from(tape.inputs, (id) => vocabulary.symbols[id]),
    layers,
    parameters: gradient.layers.map(({ W, R, Wb, Rb }, layer) => ({ layer, direction: 'forward', W: norm(W), R: norm(R), Wb: norm(Wb), Rb: norm(Rb) })),
    output: { W: norm(gradient.output.W), b: norm(gradient.output.b) },
    embedding: null,
    regions,
    matrix: request.matrix ? await inspector.matrix(pause) : null,
  };
}
