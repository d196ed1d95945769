/** A sweep's folder: sweep.json and the results of its trials. */
import { parseSweepFile, parseTrialResult, trialsOf } from '../../src/editor/sweeps/sweepFile';
import { doneJson, sweepJson } from '../support/sweepFolder';
import type { FuzzedFormat } from './format';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export const sweepFile: FuzzedFormat = {
  name: 'sweep.json',
  isJson: true,
  files: [
    Buffer.from(sweepJson({ grid: { kind: ['rnn', 'lstm', 'gru'], gain: ['0.8', '1'], window: ['32'] }, samples: 3 })),
    Buffer.from(sweepJson({ grid: { 'learning-rate': ['1e-4', '0.01'] } })),
  ],
  read: (bytes) => trialsOf(parseSweepFile(textOf(bytes), 'sweep.json')),
};

export const trialResult: FuzzedFormat = {
  name: 'result of a trial',
  isJson: true,
  files: [doneJson(), doneJson({ state: 'failed', reason: 'no such kind', horizon: null })].map((text) =>
    Buffer.from(text),
  ),
  read: (bytes) => parseTrialResult(textOf(bytes)),
  // What is none is none.
  isRefusal: () => false,
};
