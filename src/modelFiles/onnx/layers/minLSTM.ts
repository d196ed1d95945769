/** h_t = f / (f + i) ⊙ h_{t−1} + i / (f + i) ⊙ h̃, in the blocks f i h̃. */
import { candidateOf, linearScan } from './linearScan';

export const minLSTM = linearScan(3, (graph, [forget, input, candidate], options) => {
  const [f, i] = [forget, input].map((gate) => graph.node('Sigmoid', [gate]));
  const sum = graph.node('Add', [f, i]);
  return {
    kept: graph.node('Div', [f, sum]),
    written: graph.node('Mul', [graph.node('Div', [i, sum]), candidateOf(graph, candidate, options)]),
  };
});
