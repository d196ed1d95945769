/**
 * The inner loops, in AssemblyScript: everything that happens once per time step, and the products where no faster backend is available.
 * Arrays are float32 in one memory, given by their addresses in bytes, unless a comment says otherwise. T steps, B streams, H units;
 * rows over time are time-major: (t, b) is row t · B + b. A recurrence does the streams first … first + count − 1. States have a row of
 * streams more than there are steps: forward (reverse = 0) step t leads from row t to row t + 1 of them, in reverse from t + 1 to t.
 * Padding (t ≥ lengths[b]; lengths 0: none) gets the state 0 and the gradient 0. `truncate` k2 > 0: nothing is carried back between
 * step t − 1 and step t where t is a multiple of k2, the window's borders included.
 */
export { adamStep } from './adam';
export { attentionBackward, attentionForward, turnHeads } from './attention';
export { add, clampMagnitude, multiplyElements, scale, sumOfSquares } from './elements';
export { geluAndSlope, geluBackward, geluForward, geluTanhAndSlope, geluTanhForward } from './gelu';
export { applyGated64, mixRows64, softmaxCausal64 } from './elements64';
export { applyLogistic64, applySoftplus64 } from './functions64';
export { gemm } from './gemm';
export { gruBackward, gruBackwardStep, gruForward, gruForwardStep } from './gru';
export { gruStepBack } from './gruStep';
export { lstmBackward, lstmBackwardStep, lstmForward, lstmForwardStep } from './lstm';
export { lstmStepBack } from './lstmStep';
export { mambaConvolve64, mambaConvolveBack64, mambaReplay64, mambaScan64 } from './mamba64';
export { mambaScanBack64 } from './mambaBack64';
export { mambaConvolveBack, mambaScanBack } from './mambaBackward';
export { mambaConvolve, mambaScan } from './mambaForward';
export { minGRUBackward, minGRUForward, minGRUGates, minGRUStepBack } from './minGRU';
export { minLSTMBackward, minLSTMForward, minLSTMGates, minLSTMStepBack } from './minLSTM';
export { normBackward, normForward } from './norm';
export { pack } from './panels';
export { multiplyAdd } from './product';
export { addMatrixVector64, multiplyAdd64, multiplyAddFused64 } from './product64';
export { rnnBackward, rnnBackwardStep, rnnForward, rnnForwardStep, rnnStepBack } from './rnn';
export { reflectLeft64, reflectRight64 } from './reflect64';
export { columnSums, columnSumsByRow, copyColumns, fillRows, gatherRows, rowSquares, scaleRows, scatterAddRows } from './rows';
export { lossGradient, softmax } from './softmax';
export { addTransposed, transpose } from './transpose';
