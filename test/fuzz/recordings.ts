/** Hostile files of recordings: a step, and run.json. */
import { readFileSync } from 'node:fs';
import { recordedStep } from '../../src/formats/recording/stepFile';
import { decodeSafetensors } from '../../src/formats/safetensors';
import { stackOf } from '../../src/engine/recording/recordedStack';
import { isOfRecording, parseRecordingRecord } from '../../src/engine/recording/runFile';
import { UserError } from '../../src/userError';
import { oneOf, type FuzzedFormat } from './format';
import { inHeader, replacedOne } from './weights';

const folder = 'test/vectors/data/recordings';
const record = readFileSync(`${folder}/lstm/run.json`);
const known = parseRecordingRecord(record.toString('utf8'), 'run.json');

export const recordedSteps: FuzzedFormat = {
  name: 'recorded step',
  files: ['lstm/steps/step-000002', 'lstm/steps/step-000006', 'gru/steps/step-000004'].map(
    (name) => new Uint8Array(readFileSync(`${folder}/${name}.safetensors`)),
  ),
  mutations: [
    inHeader((header, random) =>
      replacedOne(header, /\d+(?=[,\]"])/g, oneOf(['0', '-1', '1', '2', '1e9', 'null'], random), random.uniform()),
    ),
    inHeader((header, random) =>
      replacedOne(
        header,
        /"(rnn|embedding|head|blocks)?[.\w]*:?[\w.]*"(?=:\{)/g,
        oneOf(['":ids"', '":lengths"', '"rnn:h_0"', '"rnn.l0:h:flow"', '"head.weight"', '"x"'], random),
        random.uniform(),
      ),
    ),
    inHeader((header, random) =>
      replacedOne(
        header,
        /\\"(forward|state|tensor|h|c|rnn|blocks\.0)\\"/g,
        oneOf(['\\"backward\\"', '\\"c\\"', 'null', '[]', '1e400'], random),
        random.uniform(),
      ),
    ),
  ],
  read(bytes) {
    const step = recordedStep(decodeSafetensors(bytes, 'step.safetensors'), 'step.safetensors');
    return stackOf(step, known, { activation: null }, 'recording');
  },
};

export const recordingFile: FuzzedFormat = {
  name: 'run.json of a recording',
  isJson: true,
  files: [new Uint8Array(record), new Uint8Array(readFileSync(`${folder}/attention/run.json`))],
  read(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    // Of anything else it is not read at all.
    if (!isOfRecording(text)) throw new UserError('error.recording.notOne', 'run.json');
    return parseRecordingRecord(text, 'run.json');
  },
};
