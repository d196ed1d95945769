/**
 * The exports of assembly/kernels.ts, where they are described. Arrays are given by their addresses (`at`), 0 for none; flags are 0 or 1.
 */
// The lines group the arguments as the kernels do.
// prettier-ignore
export interface Kernels {
  // Products
  pack(to: number, from: number, k: number, n: number, rowStride: number, columnStride: number): void;
  multiplyAdd(out: number, a: number, b: number, m: number, n: number, k: number): void;
  multiplyAdd64(
    out: number, outStride: number, a: number, aStride: number, b: number, panel: number, m: number, n: number, k: number,
  ): void;
  multiplyAddFused64(
    out: number, outStride: number, a: number, aStride: number, b: number, panel: number, m: number, n: number, k: number,
  ): void;
  gemm(
    out: number, a: number, b: number, m: number, n: number, k: number,
    aRowStride: number, aColumnStride: number, bRowStride: number, bColumnStride: number, accumulate: number, scratch: number,
  ): void;

  // Recurrences
  rnnForward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, R: number, relu: number, saturated: number,
    preActivations: number, hidden: number, counts: number,
  ): void;
  lstmForward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, R: number,
    gates: number, hidden: number, cellState: number, counts: number,
  ): void;
  gruForward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, R: number, Rb: number,
    gates: number, recurrentCandidate: number, hidden: number, scratch: number, counts: number,
  ): void;
  rnnForwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, product: number, relu: number, saturated: number,
    preActivations: number, hidden: number, counts: number, s: number,
  ): void;
  lstmForwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, product: number,
    gates: number, hidden: number, cellState: number, counts: number, s: number,
  ): void;
  gruForwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, product: number, Rb: number,
    gates: number, recurrentCandidate: number, hidden: number, scratch: number, counts: number, s: number,
  ): void;
  rnnBackward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, R: number, relu: number,
    hidden: number, dh: number, dhCarried: number, da: number, squares: number,
  ): void;
  lstmBackward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, R: number,
    gates: number, cellState: number, dh: number, dhCarried: number, dc: number, da: number, squares: number,
  ): void;
  gruBackward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, R: number,
    gates: number, recurrentCandidate: number, hidden: number, dh: number, dhCarried: number, da: number, daRecurrent: number, squares: number,
  ): void;

  rnnBackwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, product: number, relu: number,
    hidden: number, dh: number, dhCarried: number, da: number, squares: number, s: number,
  ): void;
  lstmBackwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, product: number,
    gates: number, cellState: number, dh: number, dhCarried: number, dc: number, da: number, squares: number, s: number,
  ): void;
  gruBackwardStep(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, product: number,
    gates: number, recurrentCandidate: number, hidden: number, dh: number, dhCarried: number, da: number, daRecurrent: number, squares: number, s: number,
  ): void;

  minGRUGates(rows: number, H: number, positive: number, bias: number, gates: number, occurrences: number, counts: number): void;
  minGRUForward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, positive: number, tokens: number, none: number,
    bias: number, gates: number, hidden: number, counts: number,
  ): void;
  minGRUBackward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, positive: number, tokens: number, none: number,
    gates: number, hidden: number, dh: number, dhCarried: number, da: number, sums: number, squares: number,
  ): void;
  minLSTMGates(rows: number, H: number, positive: number, bias: number, gates: number, occurrences: number, counts: number): void;
  minLSTMForward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, positive: number, tokens: number, none: number,
    bias: number, gates: number, hidden: number, counts: number,
  ): void;
  minLSTMBackward(
    T: number, B: number, H: number, first: number, count: number, reverse: number, lengths: number, truncate: number, positive: number, tokens: number, none: number,
    gates: number, hidden: number, dh: number, dhCarried: number, da: number, sums: number, squares: number,
  ): void;

  // One step, many rows of gradients
  rnnStepBack(rows: number, H: number, relu: number, hidden: number, dh: number, da: number): void;
  lstmStepBack(
    rows: number, H: number, gates: number, cellBefore: number, cellAfter: number,
    dh: number, dc: number, dcTotal: number, da: number,
  ): void;
  gruStepBack(
    rows: number, H: number, gates: number, recurrentCandidate: number, hiddenBefore: number,
    dh: number, da: number, daRecurrent: number, previous: number,
  ): void;
  minGRUStepBack(rows: number, H: number, positive: number, gates: number, before: number, dh: number, da: number, previous: number): void;
  minLSTMStepBack(rows: number, H: number, positive: number, gates: number, before: number, dh: number, da: number, previous: number): void;

  // Attention
  attentionForward(
    T: number, B: number, D: number, heads: number, first: number, count: number, lengths: number,
    qkv: number, out: number, tops: number, inverses: number, scratch: number,
  ): void;
  attentionBackward(
    T: number, B: number, D: number, heads: number, first: number, count: number, lengths: number,
    qkv: number, o: number, dO: number, tops: number, inverses: number, scratch: number,
  ): void;
  turnHeads(
    B: number, heads: number, d: number, first: number, count: number, stride: number, a: number, cosines: number, sines: number,
  ): void;
  geluForward(rows: number, n: number, x: number, bias: number): void;
  geluTanhForward(rows: number, n: number, x: number, bias: number): void;
  geluAndSlope(rows: number, n: number, x: number, bias: number, out: number): void;
  geluTanhAndSlope(rows: number, n: number, x: number, bias: number, out: number): void;
  geluBackward(rows: number, n: number, d: number, slopes: number, sums: number): void;
  // The selective state space layer, between its products
  mambaConvolve(
    T: number, B: number, E: number, K: number, first: number, count: number, lengths: number, channel: number, channels: number,
    projected: number, taps: number, bias: number, state: number, convolved: number, v: number,
  ): void;
  mambaScan(
    T: number, B: number, E: number, S: number, R: number, first: number, count: number, lengths: number, quad: number, quads: number,
    A: number, D: number, projected: number, v: number, selected: number, before: number, step: number, y: number, gated: number,
    starts: number, h: number, state: number,
  ): void;
  mambaScanBack(
    T: number, B: number, E: number, S: number, R: number, first: number, count: number, lengths: number, truncate: number, quad: number, quads: number,
    A: number, D: number, projected: number, v: number, selected: number, before: number, step: number, y: number, starts: number, dGated: number,
    carried: number, dProjected: number, dV: number, dBefore: number, dSelected: number, dA: number, dD: number, squares: number, scratch: number,
  ): void;
  mambaConvolveBack(
    T: number, B: number, E: number, K: number, first: number, count: number, lengths: number, truncate: number, channel: number, channels: number,
    projected: number, taps: number, state: number, convolved: number, dV: number, dThrough: number, carried: number, dProjected: number, dTaps: number, dBias: number,
    squares: number,
  ): void;

  mambaScan64(
    T: number, first: number, channels: number, E: number, S: number, width: number, n: number, A: number, BC: number, step: number, v: number, factors: number,
    h: number, starts: number, y: number, squares: number,
  ): void;
  mambaReplay64(
    n: number, first: number, channels: number, E: number, S: number, width: number, A: number, BC: number, step: number, v: number, factors: number, h: number, y: number,
  ): void;
  mambaScanBack64(
    last: number, first: number, channels: number, E: number, S: number, width: number, n: number, truncate: number, A: number, BC: number, step: number, v: number,
    D: number, dY: number, factorsY: number, scalesY: number, starts: number, room: number, dV: number, dStep: number, dBC: number, dA: number, lengths: number,
    scales: number,
  ): void;
  mambaConvolve64(T: number, E: number, K: number, out: number, bias: number, taps: number, u: number, stride: number): void;
  mambaConvolveBack64(E: number, K: number, count: number, found: number, factors: number, taps: number, rows: number): number;

  addMatrixVector64(out: number, a: number, x: number, m: number, k: number): void;

  // Functions in float64
  applyLogistic64(out: number, x: number, n: number): void;
  applySoftplus64(out: number, slope: number, x: number, n: number): void;
  applyGated64(
    values: number, slopes: number, x: number, n: number, table: number, terms: number, perUnit: number, limit: number,
  ): void;
  mixRows64(out: number, rows: number, weights: number, M: number, G: number, H: number): void;
  softmaxCausal64(x: number, T: number, scale: number): void;

  // Reflections in float64
  reflectLeft64(a: number, stride: number, rows: number, columns: number, v: number, tau: number, w: number): void;
  reflectRight64(a: number, stride: number, rows: number, columns: number, v: number, tau: number): void;

  // Output layer
  softmax(rows: number, V: number, logits: number, targets: number, logProbabilities: number): void;
  lossGradient(rows: number, V: number, probabilities: number, targets: number, scale: number, out: number): void;

  // Rows
  rowSquares(rows: number, n: number, a: number, out: number): void;
  scaleRows(rows: number, n: number, a: number, factors: number): void;
  fillRows(out: number, row: number, rows: number, width: number): void;
  gatherRows(out: number, table: number, ids: number, rows: number, width: number, bias: number): void;
  scatterAddRows(table: number, ids: number, a: number, rows: number, width: number): void;
  columnSums(out: number, a: number, rows: number, n: number): void;
  columnSumsByRow(out: number, a: number, rows: number, n: number, sums: number): void;
  copyColumns(out: number, outStride: number, a: number, aStride: number, rows: number, width: number): void;
  transpose(out: number, a: number, m: number, n: number): void;
  addTransposed(out: number, a: number, stride: number, m: number, n: number): void;

  // Norms
  normForward(
    rows: number, n: number, x: number, gamma: number, beta: number, rms: number, epsilon: number, out: number, statistics: number,
  ): void;
  normBackward(
    rows: number, n: number, x: number, gamma: number, rms: number, statistics: number, gradient: number, ofGamma: number, ofBeta: number,
  ): void;

  // Elements
  add(out: number, a: number, b: number, n: number): void;
  multiplyElements(out: number, a: number, b: number, n: number): void;
  scale(a: number, n: number, factor: number): void;
  clampMagnitude(a: number, n: number, limit: number): number;
  sumOfSquares(a: number, n: number): number;

  // Optimizer
  adamStep(
    n: number, values: number, gradient: number, first: number, second: number,
    beta1: number, beta2: number, rate: number, rootCorrection: number, epsilon: number, weightDecay: number, kept: number,
  ): void;
}
