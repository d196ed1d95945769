/** Frames with known answers, built to the protocol; used by the tests and, in the browser, by what they put there. */
import type { StateName, UnitMapName } from '../../src/layers/catalog';
import type { HeadsOfFrame, FlowRegion, FlowSummary, Frame, InputSummary, SeriesEntry } from '../../src/protocol/frame';
import type { PanelStatus, ToPage } from '../../src/pageContract/messages';
import { optionsOf, type CellName } from '../../src/layers/catalog';
import { noOptions } from '../../src/layers/options';
import { defaultModelSettings, defaultTrainingSettings } from '../../src/protocol/settings';
import { progressColumns, type RunDescription, type ValidationPoint } from '../../src/protocol/run';

export interface FrameOptions {
  readonly sequence?: number;
  /** Symbols, or how many tokens of a story. */
  readonly tokens?: readonly string[] | number;
  readonly target?: number;
  /** log₁₀ of the gain per lag, bottom layer first: the flow is exactly slope · lag. */
  readonly slopes?: readonly number[];
  /** The same of an LSTM's cell states. */
  readonly cellSlopes?: readonly number[];
  /** Steps whose gradient is exactly zero, in every layer; steps where it is not finite. */
  readonly zeroAt?: readonly number[];
  readonly notFiniteAt?: readonly number[];
  /** Added to the exact ramp, for pictures. */
  readonly wobble?: number;
  readonly cell?: CellName;
  readonly hiddenSize?: number;
  readonly quantity?: UnitMapName;
  readonly unitLayer?: number;
  /** Every gradient and unit is neutral, except at this one step (and unit 0): there the gradient has grown by 10^3, and the unit is 1. */
  readonly spikeAt?: number;
  /** log₁₀ of the gain per lag of the input gradients, boundary 0 first; without it a frame holds none. */
  readonly inputs?: readonly number[];
  /** log₁₀ by which the input gradient at the target changes from each boundary to the one below. */
  readonly inputDepth?: number;
  /** Boundaries whose input gradient is level: the same from lag 1 on, this many powers of ten below the target's own. */
  readonly levelAt?: { readonly boundary: number; readonly log10: number };
  /** A model whose layers carry no state. */
  readonly stateless?: boolean;
  /** A layer of heads, whose weights fall by half with each token back from `peak` tokens back; `even` makes them all alike. Gradients by keys and values: see `headGradient`. */
  readonly withHeads?: {
    readonly heads: number;
    readonly layer?: number;
    readonly head?: number;
    readonly peak?: number;
    readonly even?: boolean;
  };
  /** log₁₀ of the total gradient, the same at every step; without it a frame holds none. */
  readonly total?: number;
  readonly trainingStep?: number;
}

/** The size a panel is to be smooth at: T = 512, H = 256, three layers. */
export const largePanel: FrameOptions = {
  tokens: 512,
  slopes: [-0.03, -0.02, -0.01],
  cellSlopes: [-0.02, -0.015, -0.008],
  hiddenSize: 256,
  quantity: 'forgetGate',
};

const thresholds = { vanishing: -3, exploding: 2 };
const story = Array.from(
  'There was, once, in a village by the sea, a clock that ran backwards.\nNobody minded. The baker rose at dusk and the lamps were lit at dawn; children grew young again in spring, ' +
    'and the old captain, who had sailed beyond the last island, came home a boy.\nOne night the clock stopped. “Now,” said the boy, “we shall have to begin.” ',
);

/** log₁₀ of the gradient at the target's own step, which must cancel out of everything shown. */
export const ownSize = -1.75;

export function syntheticFrame(options: FrameOptions = {}): Frame {
  const slopes = options.slopes ?? [-0.1];
  const tokens = Array.isArray(options.tokens)
    ? (options.tokens as string[])
    : Array.from({ length: (options.tokens as number | undefined) ?? 64 }, (_, i) => story[i % story.length]);
  const steps = tokens.length;
  const target = options.target ?? steps - 1;
  const hiddenSize = options.hiddenSize ?? 16;
  const quantity = options.quantity ?? 'hidden';
  const cell = options.cell ?? 'lstm';
  const series: SeriesEntry[] = [];
  const inputs = options.inputs ?? [];
  const heads = options.withHeads?.heads ?? 0;
  const numbersOfHeads = heads > 0 ? steps * (steps + 2 * heads) : 0;
  const data = new Float32Array(steps * (1 + 5 * slopes.length + inputs.length) + steps * hiddenSize + numbersOfHeads);
  let used = 0;
  const add = (
    name: SeriesEntry['name'],
    layer: number,
    state: StateName | null,
    value: (t: number) => number,
  ): void => {
    series.push({ name, layer, direction: 'forward', state, offset: used });
    for (let t = 0; t < steps; t++) data[used + t] = value(t);
    used += steps;
  };
  add('loss', 0, null, (t) => 2 + Math.sin(t));
  const noise = (t: number, layer: number): number =>
    (options.wobble ?? 0) *
    (Math.sin(t * 1.3 + layer) +
      Math.sin(t * 0.37 + 2 * layer) -
      Math.sin(target * 1.3 + layer) -
      Math.sin(target * 0.37 + 2 * layer));
  const ramp =
    (slope: number, layer: number) =>
    (t: number): number => {
      if (t > target) return Number.NaN;
      if (options.zeroAt?.includes(t)) return Number.NEGATIVE_INFINITY;
      if (options.notFiniteAt?.includes(t)) return Number.POSITIVE_INFINITY;
      if (options.spikeAt !== undefined) return ownSize + (t === options.spikeAt ? 3 : 0);
      return ownSize + slope * (target - t) + noise(t, layer);
    };
  const ofStates = options.stateless === true ? [] : slopes;
  ofStates.forEach((slope, layer) => {
    add('flow', layer, 'hidden', ramp(slope, layer));
    add('norm', layer, 'hidden', (t) => 3 + 0.5 * Math.cos(t / 3));
  });
  const cellSlopes = options.cellSlopes ?? [];
  cellSlopes.forEach((slope, layer) => {
    add('flow', layer, 'cell', ramp(slope, layer + 0.5));
    add('norm', layer, 'cell', (t) => 5 + Math.cos(t / 5));
  });
  const { total } = options;
  if (total !== undefined) slopes.forEach((_, layer) => add('total', layer, 'hidden', () => total));
  const inputSummaries = inputs.map((slope, boundary): InputSummary => {
    const own = (options.inputDepth ?? 0) * (inputs.length - 1 - boundary);
    const level = options.levelAt?.boundary === boundary ? options.levelAt.log10 : null;
    const relative = (lag: number): number => (level === null ? slope * lag : lag === 0 ? 0 : level);
    add('inputFlow', boundary, null, (t) => (t > target ? Number.NaN : ownSize + own + relative(target - t)));
    const horizon = Array.from({ length: target + 1 }, (_, lag) => lag).find(
      (lag) => relative(lag) < thresholds.vanishing,
    );
    return {
      boundary,
      horizon: horizon ?? null,
      slope: slope * Math.LN10,
      regions: [],
      ...(level !== null && { level: { log10: level, slope: 0 } }),
    };
  });
  const unitMap = {
    layer: options.unitLayer ?? slopes.length - 1,
    direction: 'forward' as const,
    quantity,
    units: hiddenSize,
    offset: used,
  };
  const { spikeAt } = options;
  if (spikeAt !== undefined) data[used + spikeAt * hiddenSize] = 1;
  else
    for (let t = 0; t < steps; t++)
      for (let u = 0; u < hiddenSize; u++) data[used + t * hiddenSize + u] = unitValue(t, u, quantity);

  const ofHeads = options.withHeads && headsIn(data, used + steps * hiddenSize, steps, target, options.withHeads);
  const regions: FlowRegion[] = [];
  const summary = (state: StateName, layer: number, slope: number): FlowSummary => {
    const entry = series.find((s) => s.name === 'flow' && s.state === state && s.layer === layer);
    const relative = Array.from(data.subarray(entry?.offset, (entry?.offset ?? 0) + steps), (v) => v - ownSize);
    for (const [kind, inside] of [
      ['vanishing', (r: number) => r <= thresholds.vanishing],
      ['exploding', (r: number) => r >= thresholds.exploding],
    ] as const) {
      for (let t = 0; t < steps; t++) {
        if (!inside(relative[t])) continue;
        const from = t;
        while (t + 1 < steps && inside(relative[t + 1])) t++;
        regions.push({ layer, direction: 'forward', state, kind, from, to: t });
      }
    }
    const lag = Array.from({ length: target + 1 }, (_, i) => i).find(
      (i) => relative[target - i] < thresholds.vanishing,
    );
    return { layer, direction: 'forward', state, horizon: lag ?? null, slope: slope * Math.LN10 };
  };
  const flows = [
    ...ofStates.map((slope, layer) => summary('hidden', layer, slope)),
    ...cellSlopes.map((slope, layer) => summary('cell', layer, slope)),
  ];
  return {
    header: {
      sequence: options.sequence ?? 1,
      trainingStep: options.trainingStep ?? 1240,
      layers: slopes.map(() => ({ cell, hiddenSize, options: optionsOf(cell, noOptions), directions: ['forward'] })),
      tokens,
      lastTarget: 'x',
      target,
      loss: 2,
      thresholds,
      flows,
      ...(inputs.length > 0 && { inputs: inputSummaries }),
      regions,
      series,
      unitMap,
      ...(ofHeads && { heads: ofHeads }),
    },
    data,
  };
}

/** log₁₀ of what a synthetic frame has as gradient by a head's key, and by its value a tenth of it, relative to the output's at the target. */
export function headGradient(lag: number, head: number): number {
  return -0.5 - head - 0.02 * lag;
}

/** Writes what a frame has of a layer of heads, from `offset` on. */
function headsIn(
  data: Float32Array,
  offset: number,
  steps: number,
  target: number,
  { heads, layer = 0, head = 0, peak = 0, even = false }: NonNullable<FrameOptions['withHeads']>,
): HeadsOfFrame {
  const [keys, values, weights] = [offset, offset + heads * steps, offset + 2 * heads * steps];
  for (let h = 0; h < heads; h++)
    for (let t = 0; t < steps; t++) {
      const gradient = t > target ? Number.NaN : ownSize + headGradient(target - t, h);
      data[keys + h * steps + t] = gradient;
      data[values + h * steps + t] = gradient - 1;
    }
  for (let row = 0; row < steps; row++) {
    const scores = Array.from({ length: row + 1 }, (_, t) => (even ? 1 : 0.5 ** Math.abs(row - t - peak)));
    const sum = scores.reduce((all, score) => all + score, 0);
    for (let t = 0; t < steps; t++) data[weights + row * steps + t] = t > row ? Number.NaN : scores[t] / sum;
  }
  return { layer, head, count: heads, weights, keys, values };
}

/** What the unit map of a synthetic frame holds. */
export function unitValue(t: number, unit: number, quantity: UnitMapName): number {
  const wave = Math.sin(t * (0.05 + 0.02 * (unit % 7)) + unit * 1.7) * Math.cos(t / (3 + (unit % 5)));
  if (quantity.endsWith('Gate')) return 1 / (1 + Math.exp(-4 * wave - ((unit % 9) - 4)));
  return quantity === 'cellState' ? 3 * wave : wave;
}

export const syntheticRun: RunDescription = {
  name: 'tale-1',
  folder: '/texts/.backflow/runs/tale-1',
  corpus: { name: 'tale.txt', path: '/texts/tale.txt', tokens: 104_220, unit: 'codePoint' },
  model: { ...defaultModelSettings, layers: 2, hiddenSize: 128, vocabularySize: 71, parameterCount: 243_143 },
  training: { ...defaultTrainingSettings, steps: 5000 },
  backend: 'ort',
};

/** Progress of steps from … to − 1: a falling loss, and a norm that is clipped to 1 at every 20th step. */
export function syntheticRows(from: number, to: number): { rows: Float64Array; validation: ValidationPoint[] } {
  const rows = new Float64Array((to - from) * progressColumns.length);
  const validation: ValidationPoint[] = [];
  for (let step = from; step < to; step++) {
    const loss = 1.8 + 2.4 * Math.exp(-step / 200) + 0.06 * Math.sin(step * 1.7) + 0.05 * Math.sin(step * 0.31);
    const norm =
      step % 20 === 0 ? 3 + 2 * Math.sin(step) : 0.5 + 0.2 * Math.sin(step * 0.9) + 0.1 * Math.sin(step * 0.17);
    rows.set([step, loss, norm, Math.min(norm, 1), step * 1024, 41_200, 0], (step - from) * progressColumns.length);
    if (step % 100 === 0 && step > 0) validation.push({ step, loss: loss + 0.12 });
  }
  return { rows, validation };
}

export function runMessage(
  steps: number,
  status: Partial<PanelStatus> = {},
  run: RunDescription | null = syntheticRun,
): ToPage {
  return {
    type: 'run',
    run,
    status: { state: 'running', step: steps, message: null, ...status },
    history: syntheticRows(1, steps + 1),
  };
}
