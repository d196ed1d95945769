/** The report of a text that is too long for one tape: read in segments, see `SegmentedBackward`. */
import { InputGradient } from '../../core/analysis/inputGradient';
import { PerTargetGradient } from '../../core/analysis/perTarget';
import { regionsOf, relativeTo } from '../../terms/regions';
import { stepsOfBlock } from '../../core/stepsOfBlock';
import { SegmentedBackward, type SegmentVisitor } from '../../core/backward/segmented';
import type { Ids } from '../../core/corpus/ids';
import { makeLearningNetwork } from '../../core/network';
import type { PlainModel } from '../../core/model/plainModel';
import { kindOf } from '../../layers/catalog';
import { UserError } from '../../userError';
import type { InspectReport, InspectRequest } from '../../protocol/engine';
import type { LayerRegion } from '../../protocol/frame';
import { startsAndEnds } from '../../tokens/spans';
import { gradientReport } from './gradientReport';
import { numbersOfSeries } from '../nonFinite/series';
import type { InspectedModel } from './inspector';
import { inputReports, layerReport } from './layerReport';
import { stateNorms } from './states';
import { gradientOf, placesOfConfig } from './tensorPlaces';

/** Steps of a segment: long enough for large products, short enough for a small tape; and so the gradient has the bits of one tape's. */
export const segmentSteps = stepsOfBlock;

/** @param pause called between segments; throws when it is canceled  @param target a step of the whole text */
export async function makeLongReport(
  { vocabulary, backend }: InspectedModel,
  { config, parameters }: PlainModel,
  ids: Ids,
  target: number,
  request: InspectRequest,
  pause: () => Promise<void>,
): Promise<InspectReport> {
  if (request.matrix) throw new UserError('error.inspect.matrixTooLarge', ids.length);
  const { network, perTarget, inputGradient } = backend.build(1, (arena, products) => {
    const made = makeLearningNetwork(arena, config, { steps: segmentSteps, batch: 1 }, products);
    const { tape, parameters: weights } = made;
    return {
      network: made,
      perTarget: new PerTargetGradient(tape, weights, products),
      inputGradient: new InputGradient(tape, weights, products),
    };
  });
  network.parameters.values.set(parameters.values);
  const segmented = new SegmentedBackward(network, ids);
  const ofSteps = () => new Float64Array(segmented.steps);
  const gradients = () => ({ total: ofSteps(), log10: ofSteps().fill(NaN) });
  const lowest = gradients();
  const inputs = network.backward.inputs.map((own) => (own ? gradients() : null));
  const layers = config.layers.map(({ cell, hiddenSize: width }) =>
    kindOf(cell).states.map(({ name }) => ({ name, width, norm: ofSteps(), ...gradients() })),
  );
  const visit: SegmentVisitor = async (first, steps) => {
    const flows = first <= target ? await perTarget.continueRun(target < first + steps ? target - first : null) : null;
    layers.forEach((states, layer) => {
      states.forEach(({ norm, total, log10 }, state) => {
        norm.set(stateNorms(network.tape, layer, 0, state), first);
        total.set(network.backward.totals[layer][0][state].subarray(0, steps), first);
        if (flows) log10.set(flows[layer][0][state], first);
      });
    });
    const [own] = network.backward.inputs;
    lowest.total.set(own?.subarray(0, steps) ?? (await inputGradient.keptLengths()), first);
    if (flows) lowest.log10.set(perTarget.inputs[0] ?? (await inputGradient.flow(perTarget)), first);
    inputs.forEach((input, boundary) => {
      const [ofTotal, ofTarget] = [network.backward.inputs[boundary], perTarget.inputs[boundary]];
      if (input && ofTotal) input.total.set(ofTotal.subarray(0, steps), first);
      if (input && ofTarget && flows) input.log10.set(ofTarget, first);
    });
    await pause();
  };
  const loss = await segmented.run(visit, (d, preActivations) => inputGradient.keep(d, preActivations));
  const regions: LayerRegion[] = [];
  const reports = layers.map((states, layer) => {
    for (const region of regionsOf(relativeTo(target, states[0].log10), request.thresholds))
      regions.push({ layer, direction: 'forward', ...region });
    return layerReport(
      { layer, direction: 'forward', kind: config.layers[layer].cell },
      states,
      target,
      request.thresholds,
    );
  });
  const tokens = Array.from(ids.subarray(0, segmented.steps), (id) => vocabulary.symbols[id]);
  const series = reports.flatMap(({ layer, direction, states }) =>
    states.map(({ name: quantity, ...state }) => ({
      ...state,
      name: null,
      layer,
      direction,
      quantity,
      isReversed: false,
    })),
  );
  return {
    loss,
    tokens,
    ...numbersOfSeries(series, (step) => tokens.at(step) ?? null),
    ...startsAndEnds(request.text, vocabulary.unit, ids.length),
    layers: reports,
    ...gradientReport(gradientOf(network.backward.gradient), network.tape.layers, placesOfConfig(config)),
    inputs: inputReports(lowest, inputs, reports, target, request.thresholds),
    regions,
    matrix: null,
    inputMatrix: null,
  };
}
