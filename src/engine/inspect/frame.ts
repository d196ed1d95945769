/** A probe's flow as a frame: every series in one array, and a header that says where each lies. */
import { directionsOf } from '../../core/model/config';
import { UserError } from '../../core/userError';
import type { Watch } from '../../protocol/engine';
import { unitQuantities, type FlowRegion, type FlowSummary, type Frame, type FrameHeader, type SeriesEntry, type SeriesName, type StateName, type UnitMapChoice } from '../../protocol/frame';
import type { Direction } from '../../protocol/settings';
import { resolveTarget, type Inspector, type StateFlow } from './inspector';
import { cellNorms, hiddenNorms, unitValues } from './states';

interface Place {
  readonly layer: number;
  readonly direction: Direction;
}

/** Inspects the watched probe now. Throws a UserError when the model cannot read it. */
export async function makeFrame(inspector: Inspector, watch: Watch, sequence: number, trainingStep: number): Promise<Frame> {
  const { config, vocabulary } = inspector.model;
  const tape = await inspector.read(watch.text);
  const { steps: T } = tape;
  const target = resolveTarget(watch.target, T);
  const flows = await inspector.flows(target, watch.thresholds);
  const H = config.hiddenSize;

  const choice = checkUnitMap(inspector, watch.unitMap);
  const series: SeriesEntry[] = [];
  const lanes = flows[0].cell ? 4 : 2;
  const data = new Float32Array(T * (1 + lanes * flows.length + H));
  const add = (name: SeriesName, { layer, direction }: Place, values: ArrayLike<number>) => {
    const offset = series.length * T;
    data.set(values, offset);
    series.push({ name, layer, direction, offset });
  };
  add('loss', { layer: 0, direction: 'forward' }, tape.targetLogProbabilities.map((logProbability) => -logProbability));
  const summaries: FlowSummary[] = [];
  const regions: FlowRegion[] = [];
  const addFlow = (state: StateName, place: Place, flow: StateFlow, norms: Float64Array) => {
    add(state === 'hidden' ? 'flow' : 'cellFlow', place, flow.log10);
    add(state, place, norms);
    summaries.push({ ...place, state, horizon: flow.horizon, slope: flow.slope });
    for (const region of flow.regions) regions.push({ ...place, state, ...region });
  };
  const directions = directionsOf(config);
  for (const { layer, direction, hidden, cell } of flows) {
    const d = directions.indexOf(direction);
    addFlow('hidden', { layer, direction }, hidden, hiddenNorms(tape, layer, d));
    if (cell) addFlow('cell', { layer, direction }, cell, cellNorms(tape, layer, d));
  }
  const unitOffset = series.length * T;
  data.set(unitValues(tape, choice.layer, directions.indexOf(choice.direction), choice.quantity), unitOffset);

  const header: FrameHeader = {
    sequence,
    trainingStep,
    cell: config.cell,
    layerCount: config.layers,
    hiddenSize: H,
    tokens: Array.from(tape.inputs, (id) => vocabulary.symbols[id]),
    lastTarget: vocabulary.symbols[tape.targets[T - 1]],
    target,
    loss: tape.loss,
    thresholds: watch.thresholds,
    flows: summaries,
    regions,
    series,
    unitMap: { ...choice, units: H, offset: unitOffset },
  };
  return { header, data };
}

function checkUnitMap(inspector: Inspector, choice: UnitMapChoice): UnitMapChoice {
  const { config } = inspector.model;
  const exists = choice.layer >= 0 && choice.layer < config.layers && directionsOf(config).includes(choice.direction) && unitQuantities[config.cell].includes(choice.quantity);
  if (!exists) throw new UserError('This model has no “{0}” in layer {1}.', choice.quantity, choice.layer + 1);
  return choice;
}
