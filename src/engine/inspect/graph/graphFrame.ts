/** The frames of a model in graph mode, and its matrix: what a page shows of a stack's layers, of the graph's tensors. */
import type { Watch } from '../../../protocol/engine';
import type { FlowRegion, FlowSummary, Frame, SeriesEntry, SeriesName } from '../../../protocol/frame';
import type { SeriesReport } from '../../../protocol/graph';
import type { MatrixRequest, TargetMatrix } from '../../../protocol/targetMatrix';
import { UserError } from '../../../userError';
import { rowsRelativeToOwn } from '../targetMatrix';
import type { GraphInspector } from './graphInspector';
import type { Pause } from './inTurns';

const noThresholds = { vanishing: -Infinity, exploding: Infinity };

/** The watched probe as it is read; each tensor is a lane. Throws a UserError when the model cannot read it. */
export async function makeGraphFrame(
  inspector: GraphInspector,
  watch: Watch,
  sequence: number,
  pause: Pause,
): Promise<Frame> {
  const { text, thresholds, total } = watch;
  const reportOf = (wanted: Watch['target']) =>
    inspector.report(
      { text, target: wanted, thresholds, series: watch.series ?? null, total, matrix: false },
      pause,
      () => undefined,
    );
  const report = await reportOf(watch.target).catch((thrown: unknown) => {
    // A graph that reads no more than the text's beginning has no answer behind it: the last that it has is the nearest.
    if (thrown instanceof UserError && thrown.key === 'error.inspect.noSuchTarget') return reportOf('last');
    throw thrown;
  });
  const { tokens, lastTarget, target, loss, losses, notices } = report;
  const T = tokens.length;
  const entries: SeriesEntry[] = [];
  const values: ArrayLike<number>[] = [];
  const add = (name: SeriesName, place: Pick<SeriesEntry, 'layer' | 'direction'>, added: ArrayLike<number> | null) => {
    if (!added) return;
    entries.push({ name, ...place, state: null, offset: values.length * T });
    values.push(added);
  };
  add('loss', { layer: 0, direction: 'forward' }, losses);
  const flows: FlowSummary[] = [];
  const regions: FlowRegion[] = [];
  for (const [layer, series] of report.series.entries()) {
    const place = { layer, direction: series.isReversed ? ('backward' as const) : ('forward' as const), state: null };
    add('norm', place, series.norm);
    if (!series.flow) continue;
    add('flow', place, series.flow.log10);
    add('total', place, series.total && series.total.map(Math.log10));
    const { level } = series.flow;
    flows.push({ ...place, horizon: series.flow.horizon, slope: series.slope, ...(level && { level }) });
    for (const region of series.regions) regions.push({ ...place, ...region });
  }
  const mapped = report.series.at(watch.unitMap.layer) ?? report.series.at(-1);
  const elements = mapped ? await inspector.elements(text, mapped.name, pause) : null;
  const offset = values.length * T;
  const lane = watch.lane && (await inspector.lane(text, watch.lane, pause));
  const laneOffset = offset + (elements?.length ?? 0);
  const data = new Float32Array(laneOffset + (lane ? T : 0));
  values.forEach((each, i) => data.set(each, i * T));
  data.set(elements ?? [], offset);
  if (lane) data.set(lane, laneOffset);
  return {
    header: {
      sequence,
      trainingStep: 0,
      layers: [],
      graph: { series: report.series.map(choiceOf), notices },
      probe: text,
      tokens,
      lastTarget,
      target,
      loss: loss ?? NaN,
      thresholds,
      flows,
      regions,
      series: entries,
      unitMap: {
        layer: mapped ? report.series.indexOf(mapped) : 0,
        direction: mapped?.isReversed ? 'backward' : 'forward',
        quantity: watch.unitMap.quantity,
        units: elements ? elements.length / T : 0,
        offset,
      },
      ...(watch.lane && { lane: { choice: watch.lane, offset: laneOffset } }),
    },
    data,
  };
}

function choiceOf({ name, role, width, isReversed }: SeriesReport) {
  return { name, role, width, isReversed };
}

/** Throws a UserError for a text that the model cannot read, or that is too long for it. @param progress receives the part that is done */
export async function makeGraphMatrix(
  inspector: GraphInspector,
  { text, series }: MatrixRequest,
  pause: Pause,
  progress: (done: number) => void,
): Promise<TargetMatrix> {
  const name = series ?? inspector.model.series.find(({ role }) => role === 'embedding')?.name;
  const report = await inspector.report(
    {
      text,
      target: 'last',
      thresholds: noThresholds,
      series: name === undefined ? null : [name],
      total: false,
      matrix: true,
    },
    pause,
    progress,
  );
  const { tokens, matrix } = report;
  if (!matrix) throw new UserError('error.graph.noMatrix');
  return {
    trainingStep: 0,
    tokens,
    layer: null,
    series: report.series[0].name,
    values: rowsRelativeToOwn(matrix, tokens.length),
  };
}
