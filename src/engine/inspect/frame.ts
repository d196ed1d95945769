/** A probe's flow as a frame: every series in one array, and a header that says where each lies. */
import { norm } from '../../core/numeric';
import type { Tape } from '../../core/model/tape';
import { UserError } from '../../core/userError';
import type { Watch } from '../../protocol/engine';
import { unitQuantities, type FlowRegion, type FlowSummary, type Frame, type FrameHeader, type SeriesEntry, type SeriesName, type StateName, type UnitMapChoice } from '../../protocol/frame';
import { resolveTarget, type Inspector, type StateFlow } from './inspector';

/** Inspects the watched probe now. Throws a UserError when the model cannot read it. */
export async function makeFrame(inspector: Inspector, watch: Watch, sequence: number, trainingStep: number): Promise<Frame> {
  const { config, vocabulary } = inspector.model;
  const tape = await inspector.read(watch.text);
  const { steps: T } = tape;
  const target = resolveTarget(watch.target, T);
  const flows = inspector.flows(target, watch.thresholds);
  const H = config.hiddenSize;

  const choice = checkUnitMap(inspector, watch.unitMap);
  const series: SeriesEntry[] = [];
  const lanes = flows[0].cell ? 4 : 2;
  const data = new Float32Array(T * (1 + lanes * config.layers + H));
  const add = (name: SeriesName, layer: number, valueAt: (t: number) => number) => {
    const offset = series.length * T;
    for (let t = 0; t < T; t++) data[offset + t] = valueAt(t);
    series.push({ name, layer, direction: 'forward', offset });
  };
  add('loss', 0, (t) => -tape.targetLogProbabilities[t]);
  const summaries: FlowSummary[] = [];
  const regions: FlowRegion[] = [];
  const addFlow = (state: StateName, layer: number, flow: StateFlow, states: Float32Array) => {
    add(state === 'hidden' ? 'flow' : 'cellFlow', layer, (t) => flow.log10[t]);
    add(state, layer, (t) => norm(states, (t + 1) * H, H));
    const place = { layer, direction: 'forward', state } as const;
    summaries.push({ ...place, horizon: flow.horizon, slope: flow.slope });
    for (const region of flow.regions) regions.push({ ...place, ...region });
  };
  flows.forEach(({ hidden, cell }, layer) => {
    addFlow('hidden', layer, hidden, tape.layers[layer].hidden);
    if (cell) addFlow('cell', layer, cell, tape.layers[layer].cellState);
  });
  const unitOffset = series.length * T;
  data.set(unitValues(tape, choice), unitOffset);

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
  const exists = choice.layer >= 0 && choice.layer < config.layers && choice.direction === 'forward' && unitQuantities[config.cell].includes(choice.quantity);
  if (!exists) throw new UserError('This model has no “{0}” in layer {1}.', choice.quantity, choice.layer + 1);
  return choice;
}

/** T × H values, time-major, a view into the tape. */
function unitValues(tape: Tape, { layer, quantity }: UnitMapChoice): Float32Array {
  const { hidden, cellState, saved } = tape.layers[layer];
  const H = tape.config.hiddenSize;
  if (quantity === 'hidden') return hidden.subarray(H);
  return quantity === 'cellState' ? cellState.subarray(H) : saved[quantity];
}
