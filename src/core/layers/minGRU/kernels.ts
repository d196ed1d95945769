/** The minimal GRU; its equations are in its kernels, src/kernels/assembly/minGRU.ts. */
import { scanned } from '../scan';

export const kernels = scanned({
  gates: 2,
  counts: ['writeGate.left', 'writeGate.right'],
  activate: (of, given) => {
    of.minGRUGates(...given);
  },
  forward: 'minGRUForward',
  backward: 'minGRUBackward',
  stepBack: (of, given) => {
    of.minGRUStepBack(...given);
  },
});
