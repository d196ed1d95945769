/** Files of a run's folder. */
import { createHash } from 'node:crypto';
import { readMetrics } from '../../src/engine/files/metricsFile';
import { formatRunRecord, parseRunRecord } from '../../src/engine/files/runRecord';
import { checkTraining } from '../../src/engine/train/checkTraining';
import { defaultModelSettings, defaultTrainingSettings } from '../../src/protocol/settings';
import type { FuzzedFormat } from './format';
import { fileOf } from './temporaryFile';

const record = formatRunRecord({
  description: {
    name: 'tale-lstm',
    folder: '/runs/tale',
    corpus: { name: 'tale.txt', path: '/texts/tale.txt', tokens: 600, unit: 'codePoint' },
    model: { ...defaultModelSettings, vocabularySize: 5, parameterCount: 70_000 },
    training: { ...defaultTrainingSettings, steps: 100 },
    backend: 'ort',
  },
  corpusSha256: createHash('sha256').update('').digest('hex'),
  created: '2025-01-02T03:04:05.000Z',
  versions: { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' },
});

const metrics = [
  '{"step":1,"loss":4.1,"gradientNorm":0.5,"clippedNorm":0.5,"tokens":64,"tokensPerSecond":1000,"clippedFraction":0}',
  '{"step":2,"loss":4.0,"gradientNorm":0.6,"clippedNorm":0.6,"tokens":128,"tokensPerSecond":1000,"clippedFraction":0}',
  '{"step":2,"validationLoss":4.2}',
  '{"step":3,"loss":null,"gradientNorm":null,"clippedNorm":1,"tokens":192,"tokensPerSecond":1000,"clippedFraction":0.1}',
  '',
].join('\n');

export const runFile: FuzzedFormat = {
  name: 'run.json',
  isJson: true,
  files: [Buffer.from(record)],
  read: (bytes) =>
    checkTraining(parseRunRecord(Buffer.from(bytes).toString('utf8'), 'run.json', '/runs/tale').description.training),
};

export const metricsFile: FuzzedFormat = {
  name: 'metrics.jsonl',
  files: [Buffer.from(metrics)],
  read: (bytes) => readMetrics(fileOf('metrics.jsonl', bytes)),
};
