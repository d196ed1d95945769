/** Every entrance by which what others have made gets in. Another one is another entry. */
import { corpus, numbers } from './corpus';
import { commandLine, pageMessages, settings } from './entrances';
import type { FuzzedFormat } from './format';
import { kerasConfig, kerasFile, newerHdf5 } from './kerasFiles';
import { onnx } from './onnx';
import { recordedSteps, recordingFile } from './recordings';
import { metricsFile, runFile } from './runFiles';
import { sweepFile, trialResult } from './sweeps';
import { olderTorchFile, torchPickle } from './torchFiles';
import { vocabularies } from './vocabularies';
import { weights } from './weights';

export const formats: readonly FuzzedFormat[] = [
  corpus,
  numbers,
  onnx,
  weights,
  olderTorchFile,
  torchPickle,
  kerasFile,
  newerHdf5,
  kerasConfig,
  vocabularies,
  runFile,
  metricsFile,
  recordedSteps,
  recordingFile,
  sweepFile,
  trialResult,
  settings,
  commandLine,
  pageMessages,
];
