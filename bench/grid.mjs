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

/** Least times as fast as the peer's column. */
export const bars = { plain: 2, recorded: 10 };

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
