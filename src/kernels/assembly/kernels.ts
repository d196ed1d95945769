/**
 * The inner loops, in AssemblyScript: everything that happens once per time step. All arrays are float32 in one memory, given by
 * their addresses in bytes.
 */
export { gruBackward } from './gru';
export { lstmBackward, lstmCells } from './lstm';
export { multiplyAdd } from './product';
export { rnnBackward } from './rnn';
export { add, sumOfSquares } from './vectors';
