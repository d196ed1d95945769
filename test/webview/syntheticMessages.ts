import { defaultModelSettings } from '../../src/protocol/settings';
/** Messages with known answers beside frames: flows over training, a target matrix, compared runs, truncations. */
import type { Frame } from '../../src/protocol/frame';
import type { FlowLane, FlowOverTraining, SpectrumSample } from '../../src/protocol/overTraining';
import type { ComparedRun, ToPage } from '../../src/pageContract/messages';
import type { SpectrumReport } from '../../src/protocol/spectrum';
import type { TargetMatrix } from '../../src/protocol/targetMatrix';
import type { TruncationReport } from '../../src/protocol/truncation';
import { ownSize, syntheticFrame, syntheticRows, syntheticRun } from './synthetic';

export interface HistoryOptions {
  readonly lane?: FlowLane;
  /** Powers of ten per lag of each row, and the training step of each. */
  readonly slopes: readonly number[];
  readonly steps: readonly number[];
  readonly lags?: number;
  readonly overflows?: readonly number[];
  readonly spectra?: readonly SpectrumSample[];
  /** As of a recording. */
  readonly hasOwnTexts?: boolean;
}

export const topCell: FlowLane = { layer: 1, direction: 'forward', state: 'cell' };

/** Rows that are exactly slope · lag. */
export function syntheticHistory({
  lane = topCell,
  slopes,
  steps,
  lags = 64,
  overflows = [],
  spectra = [],
  hasOwnTexts = false,
}: HistoryOptions): FlowOverTraining {
  const values = new Float32Array(slopes.length * lags);
  slopes.forEach((slope, row) => {
    for (let lag = 0; lag < lags; lag++) values[row * lags + lag] = slope * lag;
  });
  const horizons = Float64Array.from(slopes, (slope) => {
    const horizon = Math.floor(-3 / slope) + 1;
    return slope < 0 && horizon < lags ? horizon : NaN;
  });
  const { tokens } = syntheticFrame({ tokens: lags }).header;
  const of = slopes.length > 0 && !hasOwnTexts ? { tokens, target: lags - 1 } : null;
  return { lane, of, hasOwnTexts, steps: Float64Array.from(steps), horizons, lags, values, spectra, overflows };
}

/** A run of 1,240 steps that learns to reach farther, with one explosion at step 600. */
export function learningHistory(): FlowOverTraining {
  const steps = Array.from({ length: 249 }, (_, i) => 1 + 5 * i);
  const slopes = steps.map((step) =>
    step === 601 ? 0.06 : -0.03 - 0.3 * Math.exp(-step / 250) - 0.006 * Math.sin(step),
  );
  const spectra = steps
    .filter((_, i) => i % 12 === 0)
    .map((step) => ({
      step,
      exponent: -0.02 - 0.4 * Math.exp(-step / 250),
      radius: 1.6 - 0.9 * Math.exp(-step / 300),
      norm: 3.1 - 1.9 * Math.exp(-step / 300),
      saturated: 0.3 - 0.28 * Math.exp(-step / 500),
    }));
  return syntheticHistory({ slopes, steps, lags: 256, spectra, overflows: [602] });
}

/** Row τ falls by `slopes[τ mod length]` powers of ten per lag. */
export function syntheticMatrix(slopes: readonly number[], tokens: readonly string[]): TargetMatrix {
  const T = tokens.length;
  const values = new Float32Array(T * T).fill(NaN);
  for (let target = 0; target < T; target++)
    for (let t = 0; t <= target; t++) values[target * T + t] = slopes[target % slopes.length] * (target - t);
  return { trainingStep: 1240, tokens, layer: 1, series: null, values };
}

export function comparedMessage(): ToPage {
  const cells = [
    ['rnn', 277, 0.8],
    ['lstm', 128, 1],
    ['gru', 150, 0.9],
  ] as const;
  const { vocabularySize } = syntheticRun.model;
  const runs = cells.map(([cell, hiddenSize, factor], i): ComparedRun => {
    const { rows, validation } = syntheticRows(1, 900 + 60 * i);
    for (let at = 1; at < rows.length; at += 7) rows[at] *= 1.3 - 0.3 * factor;
    return {
      run: {
        ...syntheticRun,
        name: `tale-${cell}`,
        folder: `/texts/.backflow/runs/tale-${cell}`,
        model: { ...defaultModelSettings, cell, hiddenSize, vocabularySize, parameterCount: 113_000 + 37 * i },
      },
      status: { state: 'running', step: 899 + 60 * i, message: null },
      change: null,
      history: { rows, validation },
    };
  });
  return { type: 'compared', title: 'Three cells on tale.txt', runs, document: 'file:///texts/tale.txt' };
}

/** Each run's frame: exactly a ramp. */
export function comparedFrame(
  run: number,
  slope: number,
  tokens = 96,
  sequence = 1,
  target = tokens - 1,
  trainingStep = 896,
): ToPage {
  const cell = (['rnn', 'lstm', 'gru'] as const)[run];
  const frame: Frame = syntheticFrame({
    // The states of each fall at a rate of their own; what is compared is the input.
    slopes: [2 * slope],
    cellSlopes: cell === 'lstm' ? [slope] : [],
    inputs: [slope, 2 * slope],
    trainingStep,
    tokens,
    cell,
    hiddenSize: 4,
    sequence,
    target,
  });
  return { type: 'comparedFrame', run, frame };
}

export function truncationsMessage(): ToPage {
  const tokens = Array.from('There was, once, in a village by the sea, a clock that ran backwards.');
  const T = tokens.length;
  const hidden = Float64Array.from(tokens, (_, t) => 0.01 * (1 + 0.3 * Math.sin(t)));
  const cuts = [1, 2, 4, 8, 16, 32, 64].map((k2) => ({
    k2,
    norm: 1 - 0.9 / k2,
    cosine: 1 - 0.6 / k2,
    relativeNorm: 1 - 0.8 / k2,
    hidden: hidden.map((norm, t) => norm * Math.min(1, 0.1 + (k2 - 1 - (t % k2)) / Math.max(1, k2 - 1))),
  }));
  const report: TruncationReport = {
    trainingStep: 1240,
    tokens,
    layer: 0,
    full: { norm: 1, hidden: hidden.slice(0, T) },
    cuts,
  };
  return { type: 'truncations', title: 'tale.txt', report };
}

export { ownSize };

/** Of a linear recurrence R = gQ, whose every exponent is ln g, on the tokens of a synthetic frame. */
export function spectrumMessage(gain: number, tokens: readonly string[], target = tokens.length - 1): ToPage {
  const T = tokens.length;
  const n = 12;
  const directions = { length: n };
  const from = Int32Array.from({ length: Math.ceil(T / 8) }, (_, i) => 8 * i);
  const lags = Int32Array.from({ length: target }, (_, i) => i + 1);
  const byLag = (value: (lag: number) => number): Float64Array => Float64Array.from(lags, value);
  const ln = Math.log(gain);
  const spectrum: SpectrumReport = {
    trainingStep: 1240,
    tokens,
    target,
    cause: gain < 1 ? { name: 'matrix', layer: 1, horizon: 31, share: 1, left: 31 * ln, fall: 31 * ln } : null,
    states: [
      {
        direction: 'forward',
        size: n,
        lyapunov: Float64Array.from(directions, () => ln),
        finiteTime: { from, exponents: new Float64Array(from.length * n).fill(ln) },
        jacobian: {
          steps: Int32Array.from({ length: T }, (_, t) => t),
          largest: new Float64Array(T * n).fill(gain),
          median: new Float64Array(T).fill(gain),
          smallest: new Float64Array(T).fill(gain),
        },
        byLag: {
          lags,
          largest: byLag((lag) => lag * ln),
          effectiveRank: byLag(() => n),
          carried: byLag((lag) => (gain ** lag >= 0.01 ? n : 0)),
        },
      },
    ],
    matrices: [{ name: 'rnn.weight_hh_l1', layer: 1, direction: 'forward', spectralRadius: gain, spectralNorm: gain }],
    notices: [],
  };
  return { type: 'spectrum', spectrum, notices: [], message: null };
}
