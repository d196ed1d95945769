/** What is said of a recording that has been opened. */
import type { OpenResult } from '../../protocol/engine';
import type { GraphSummary } from '../../protocol/graph';
import type { BackendName } from '../../protocol/settings';
import type { ReadUnit } from '../../tokens/tokenUnit';
import type { LoadedRecording } from '../loadedRecording';
import { summaryOf } from '../model/summary';
import { choiceOf } from './recordedSeries';
import type { ReadStep } from './recordedReader';
import type { RecordingRecord } from './runFile';

export function openResultOf(
  { first, summary }: Pick<LoadedRecording, 'first' | 'summary'>,
  record: RecordingRecord,
  backend: BackendName,
  unit: ReadUnit,
): OpenResult {
  const producer = record.torch === null ? null : `PyTorch ${record.torch}`;
  const { inspector, step, notices } = first;
  return {
    model: inspector ? summaryOf(inspector.model.general, producer) : seriesSummary(first, record, producer),
    verification: null,
    notices: notices.map(({ key, args }) => ({ key, args })),
    trainingRefusal: { key: 'error.recording.notAvailable', args: [] },
    trainingStep: step.step,
    unit,
    backend,
    recording: summary,
    run: null,
  };
}

/** Of a recording without a model that is known: its series stand for a graph's tensors. */
function seriesSummary(
  { step, notices }: ReadStep,
  { vocabulary }: RecordingRecord,
  producer: string | null,
): GraphSummary {
  const [refusal] = notices;
  const { key, args } = refusal;
  const tensors = step.series.map(choiceOf);
  return {
    mode: 'graph',
    vocabularySize: vocabulary?.length ?? 0,
    parameterCount: Array.from(step.weights.values()).reduce((sum, { data }) => sum + data.length, 0),
    producer,
    stackRefusal: { key, args },
    readsLaterTokens: tensors.some(({ isReversed }) => isReversed),
    maxSteps: null,
    hasScores: true,
    tensors,
    defaultSeries: tensors.map(({ name }) => name),
  };
}
