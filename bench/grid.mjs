// What is trained side by side, and what each row costs in arithmetic.

/** Symbols of the one-hot input: the size of a plain English text's alphabet. */
export const vocabulary = 65;

/** H, L, B, T. */
const shapes = [
  [64, 1, 1, 64],
  [128, 1, 1, 100],
  [128, 2, 32, 64],
  [256, 1, 32, 100],
  [512, 1, 32, 64],
  [512, 3, 50, 50],
];

const gates = { lstm: 4, gru: 3, rnn: 1 };

export const grid = Object.keys(gates).flatMap((cell) =>
  shapes.map(([hidden, layers, batch, window]) => ({
    name: `${cell} H ${hidden} L ${layers} B ${batch} T ${window}`,
    model: { cell, hidden, layers, batch, window, vocabulary },
  })),
);

/** What stands around the layers where their kind is published so. */
const block = (norm) => ({ norm, finalNorm: norm, residual: true, tied: true });

const attention = (hidden, layers, heads, window) => ({
  name: `attention D ${hidden} L ${layers} h ${heads} B 16 T ${window}`,
  model: {
    ...{ cell: 'attention', hidden, layers, batch: 16, window, vocabulary },
    options: { heads, context: window },
    around: block('layerNorm'),
  },
});

const minimal = (cell, layers) => ({
  name: `${cell} H 256 L ${layers} B 32 T 256`,
  model: { cell, hidden: 256, layers, batch: 32, window: 256, vocabulary, options: { positive: true } },
});

/** Rows of the kinds that do not multiply their state by a matrix. */
export const kindGrid = [
  minimal('minGRU', 1),
  minimal('minGRU', 2),
  minimal('minLSTM', 1),
  minimal('minLSTM', 2),
  attention(128, 4, 4, 128),
  attention(256, 6, 8, 256),
  {
    name: 'mamba D 128 L 2 S 16 B 16 T 128',
    model: { cell: 'mamba', hidden: 128, layers: 2, batch: 16, window: 128, vocabulary, around: block('rmsNorm') },
  },
];

/** The peer's columns: an ordinary step, and one that records every gradient. */
export const columns = ['plain', 'recorded'];

/** Least times as fast as the peer's column. A single stream is bound by reading R, which oneDNN has no better way to do. */
export function barOf(column, { cell, batch }) {
  if (column === 'recorded' || batch === 1) return 2;
  return cell === 'lstm' ? 1.3 : 1.8;
}

/** This share of the peak of ONNX Runtime's Gemm reaches a bar, too; that of an LSTM only where the bar lies beyond the peak. */
export const shareOfPeak = 0.92;

/**
 * Whether a column's bar is reached.
 * @param {{ ratio: number, column: string }} times @param {number} ours tokens/s @param {number | undefined} limit tokens/s at the peak, where it was measured
 */
export function reaches({ ratio, column }, model, ours, limit) {
  const bar = barOf(column, model);
  if (ratio >= bar) return true;
  if (limit === undefined || ours < shareOfPeak * limit) return false;
  return column === 'recorded' || model.cell !== 'lstm' || (bar * ours) / ratio > limit;
}

/**
 * Floating-point operations per token of a training step that no method avoids: a forward product costs 2 for each weight, and the
 * backward pass two such products, for the gradient of its input and of its weights. The one-hot layer is a table look-up and
 * counts nothing. `recurrent` is the part that can only go step by step, with B rows at a time.
 */
export function flopsPerToken({ cell, hidden, layers, vocabulary: symbols }) {
  const matrix = gates[cell] * hidden * hidden;
  const recurrent = 4 * layers * matrix;
  const wholeWindow = 2 * layers * matrix + 6 * (layers - 1) * matrix + 6 * symbols * hidden;
  return { recurrent, wholeWindow, total: recurrent + wholeWindow };
}

/** m, n, k of a layer's product at one step of the recurrence. */
export function recurrentShape({ cell, hidden, batch }) {
  return [batch, gates[cell] * hidden, hidden];
}
