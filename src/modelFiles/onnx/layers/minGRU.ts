/** h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃, in the blocks z h̃. */
import { candidateOf, linearScan } from './linearScan';

export const minGRU = linearScan(2, (graph, [gate, candidate], options) => ({
  // 1 − σ(a), to the last digits.
  kept: graph.node('Sigmoid', [graph.node('Neg', [gate])]),
  written: graph.node('Mul', [graph.node('Sigmoid', [gate]), candidateOf(graph, candidate, options)]),
}));
