/** The report of a text that is too long for one tape: read in segments, see `SegmentedBackward`. */
import { ItemisedGradient } from '../../core/analysis/itemised';
import { horizonOf, regionsOf, relativeTo } from '../../core/analysis/regions';
import { stepsOfBlock } from '../../core/backward/bptt';
import { SegmentedBackward } from '../../core/backward/segmented';
import type { Ids } from '../../core/corpus/ids';
import { makeLearningNetwork } from '../../core/network';
import type { PlainModel } from '../../core/model/plainModel';
import { kindOf } from '../../layers/catalogue';
import { UserError } from '../../userError';
import type { InspectReport, InspectRequest, LayerReport } from '../../protocol/engine';
import type { LayerRegion } from '../../protocol/frame';
import { startsAndEnds } from '../../tokens/spans';
import { gradientReport } from './gradientReport';
import type { InspectedModel } from './inspector';
import { stateNorms } from './states';

/** Steps of a segment: long enough for large products, short enough for a small tape; and so the gradient has the bits of one tape's. */
export const segmentSteps = stepsOfBlock;

/** @param pause called between segments; throws when it is cancelled  @param target a step of the whole text */
export async function makeLongReport({ vocabulary, backend }: InspectedModel, { config, parameters }: PlainModel, ids: Ids, target: number, request: InspectRequest, pause: () => Promise<void>): Promise<InspectReport> {
  if (request.matrix) throw new UserError('The source × target matrix of {0} tokens is too large. Choose a shorter text.', ids.length);
  const { network, itemised } = backend.build(1, (arena, products) => {
    const made = makeLearningNetwork(arena, config, { steps: segmentSteps, batch: 1 }, products);
    return { network: made, itemised: new ItemisedGradient(made.tape, made.parameters, products) };
  });
  network.parameters.values.set(parameters.values);
  const segmented = new SegmentedBackward(network, ids);
  const layers = config.layers.map(({ cell }) => ({
    states: kindOf(cell).states.map(({ name }) => ({ name, norm: new Float64Array(segmented.steps), total: new Float64Array(segmented.steps) })),
    log10: new Float64Array(segmented.steps).fill(NaN),
  }));
  const loss = await segmented.run(async (first, steps) => {
    const flows = first <= target ? await itemised.goOn(target < first + steps ? target - first : null) : null;
    layers.forEach(({ states: own, log10 }, layer) => {
      own.forEach(({ norm, total }, state) => {
        norm.set(stateNorms(network.tape, layer, 0, state), first);
        total.set(network.backward.totals[layer][0][state].subarray(0, steps), first);
      });
      if (flows) log10.set(flows[layer][0][0], first);
    });
    await pause();
  });
  const regions: LayerRegion[] = [];
  const reports = layers.map(({ log10, states: own }, layer): LayerReport => {
    const relative = relativeTo(target, log10);
    for (const region of regionsOf(relative, request.thresholds)) regions.push({ layer, direction: 'forward', ...region });
    return { layer, direction: 'forward', states: own, flow: { target, log10, horizon: horizonOf(relative, target, request.thresholds) } };
  });
  return {
    loss,
    tokens: Array.from(ids.subarray(0, segmented.steps), (id) => vocabulary.symbols[id]),
    ...startsAndEnds(request.text, vocabulary.unit, ids.length),
    layers: reports,
    ...gradientReport(network.backward.gradient, network.tape.layers),
    regions,
    matrix: null,
  };
}
