/** The minimal LSTM; its equations are in its kernels, src/kernels/assembly/minLSTM.ts. */
import { scanned } from '../scan';

export const kernels = scanned({
  gates: 3,
  counts: ['relativeForgetGate.left', 'relativeForgetGate.right', 'inputGate.left', 'inputGate.right'],
  activate: (of, given) => {
    of.minLSTMGates(...given);
  },
  forward: 'minLSTMForward',
  backward: 'minLSTMBackward',
  stepBack: (of, given) => {
    of.minLSTMStepBack(...given);
  },
});
