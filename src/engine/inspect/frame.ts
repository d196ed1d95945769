/** A probe's flow as a frame: every series in one array, and a header that says where each lies. */
import { directionNames, type MapValues, type Trace } from '../../core/model/trace';
import { UserError } from '../../userError';
import type { Watch } from '../../protocol/engine';
import { firstUnitMapOf, kindOf, unitMapNamesOf, type StateName } from '../../layers/catalog';
import type {
  FlowRegion,
  FlowSummary,
  Frame,
  FrameHeader,
  SeriesEntry,
  SeriesName,
  SeriesSummary,
  UnitMapChoice,
} from '../../protocol/frame';
import type { Direction } from '../../layers/direction';
import type { SeriesFlow } from './flows';
import type { Inspector, Look } from './inspector';
import { headSeries } from './heads';
import { laneValues } from './lane';
import { mapInWords, mapValues, stateNorms } from './states';

interface Place {
  readonly layer: number;
  readonly direction: Direction;
}

/** Inspects the watched probe now. Throws a UserError when the model cannot read it. */
export async function makeFrame(
  inspector: Inspector,
  watch: Watch,
  sequence: number,
  trainingStep: number,
): Promise<Frame> {
  const look = await inspector.look(watch.text, watch.target, watch.thresholds, watch);
  return frameOf(look, watch, sequence, trainingStep);
}

export function frameOf(
  look: Look,
  watch: Pick<Watch, 'unitMap' | 'lane'> & Partial<Pick<Watch, 'text'>>,
  sequence: number,
  trainingStep: number,
): Frame {
  const { general, symbols, trace, target, thresholds, flows, inputs, totals, heads } = look;
  const { steps: T, layers } = trace;
  const choice = checkUnitMap(trace, watch.unitMap);
  const { units, values: ofMap } = mapOf(trace, choice);
  const series: SeriesEntry[] = [];
  const lanes =
    flows.reduce((sum, { states }) => sum + states.length * (totals ? 3 : 2), 0) +
    (inputs ? inputs.flows.length * (inputs.totals ? 2 : 1) : 0);
  const { lane } = watch;
  const ofHeads = headSeries(trace, heads);
  const headsOffset = T * (1 + lanes + units + (lane ? 1 : 0));
  const data = new Float32Array(headsOffset + ofHeads.length);
  const add = (name: SeriesName, { layer, direction }: Place, state: StateName | null, values: ArrayLike<number>) => {
    const offset = series.length * T;
    data.set(values, offset);
    series.push({ name, layer, direction, state, offset });
  };
  add('loss', { layer: 0, direction: 'forward' }, null, losses(trace));
  const summaries: FlowSummary[] = [];
  const regions: FlowRegion[] = [];
  for (const { layer, direction, states } of flows) {
    const place = { layer, direction };
    const d = directionIndex(trace, layer, direction);
    const names = kindOf(layers[layer].cell).states.map(({ name }) => name);
    names.forEach((state, index) => {
      const flow = states[index];
      add('flow', place, state, flow.log10);
      add('norm', place, state, stateNorms(trace, layer, d, index));
      summaries.push({ ...place, state, ...summaryOf(flow) });
      for (const region of flow.regions) regions.push({ ...place, state, ...region });
    });
    if (totals)
      names.forEach((state, index) => {
        add('total', place, state, totals[layer][d][index].map(Math.log10));
      });
  }
  const ofInputs = (inputs?.flows ?? []).map((flow, boundary) => {
    const place = { layer: boundary, direction: 'forward' } as const;
    add('inputFlow', place, null, flow.log10);
    const total = inputs?.totals?.[boundary];
    if (total) add('inputTotal', place, null, total.map(Math.log10));
    return { boundary, ...summaryOf(flow), regions: flow.regions };
  });
  const unitOffset = series.length * T;
  data.set(ofMap, unitOffset);
  const laneOffset = unitOffset + T * units;
  if (lane) data.set(laneValues(look, lane), laneOffset);
  const written = ofHeads.write(data, headsOffset);

  const header: FrameHeader = {
    sequence,
    trainingStep,
    layers: layers.map((layer, index) => ({
      cell: layer.cell,
      hiddenSize: layer.hiddenSize,
      options: general.layers[index].options,
      directions: directionNames(layer),
    })),
    ...(watch.text !== undefined && { probe: watch.text }),
    tokens: Array.from(trace.inputs, (id) => symbols[id]),
    lastTarget: symbols[trace.targets[T - 1]],
    ...(general.isOfNumbers === true && { isOfNumbers: true }),
    target,
    loss: trace.loss,
    thresholds,
    flows: summaries,
    ...(inputs && { inputs: ofInputs }),
    regions,
    series,
    unitMap: { ...choice, units, offset: unitOffset },
    ...(lane && { lane: { choice: lane, offset: laneOffset } }),
    ...(written && { heads: written }),
  };
  return { header, data };
}

/** ℓ_t; NaN where nothing is to be predicted. */
function losses({ steps, targets, targetLogProbabilities }: Trace): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => (targets[t] < 0 ? NaN : -targetLogProbabilities[t]));
}

function summaryOf({ horizon, slope, level }: SeriesFlow): SeriesSummary {
  return { horizon, slope, ...(level && { level }) };
}

function directionIndex({ layers }: Trace, layer: number, direction: Direction): number {
  return directionNames(layers[layer]).indexOf(direction);
}

/** Of a kind without any, none. */
function mapOf(trace: Trace, { layer, direction, quantity }: UnitMapChoice): MapValues {
  if (unitMapNamesOf(trace.layers[layer].cell).length === 0) return { units: 0, values: new Float32Array(0) };
  return mapValues(trace, layer, directionIndex(trace, layer, direction), quantity);
}

/** Of a layer that has no such map the one that is looked at first: which layers of what kind there are, the page knows only by its first frame. */
function checkUnitMap(trace: Trace, choice: UnitMapChoice): UnitMapChoice {
  const layer = Number.isInteger(choice.layer) && choice.layer >= 0 ? trace.layers.at(choice.layer) : undefined;
  if (!layer || directionIndex(trace, choice.layer, choice.direction) < 0)
    throw new UserError('error.inspect.noSuchQuantity', mapInWords(choice.quantity), choice.layer + 1);
  const quantity = unitMapNamesOf(layer.cell).includes(choice.quantity) ? choice.quantity : firstUnitMapOf(layer.cell);
  return { ...choice, quantity: quantity ?? choice.quantity };
}
