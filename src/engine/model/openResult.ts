/** What is said of a model that has been opened; recording/openedRecording.ts says it of a recording. */
import type { Message } from '../../messages';
import type { OpenResult } from '../../protocol/engine';
import type { RunOverflow } from '../../protocol/nonFinite';
import type { BackendName } from '../../protocol/settings';
import { overflowSentence } from '../nonFinite/words';
import { messageOf } from './examination';
import type { OpenedGraph, OpenedModel } from './openModel';
import { graphSummaryOf, summaryOf } from './summary';

/** @param run what its run's folder says, if it lies in one */
export function modelResult(opened: OpenedModel, backend: BackendName, run: OpenResult['run']): OpenResult {
  const { general, producer, verification, notices, trainingRefusal, trainingStep, vocabulary } = opened;
  return {
    model: summaryOf(general, producer),
    verification,
    notices: [...notices.map(messageOf), ...(run?.overflow ? [overflowNotice(run.overflow)] : [])],
    trainingRefusal: trainingRefusal && messageOf(trainingRefusal),
    trainingStep,
    unit: vocabulary.unit,
    backend,
    run,
  };
}

export function graphResult(opened: OpenedGraph): OpenResult {
  const { graph, vocabulary, stackRefusal, verification, notices, producer } = opened;
  return {
    model: graphSummaryOf(graph, stackRefusal, producer),
    verification,
    notices: notices.map(messageOf),
    trainingRefusal: messageOf(stackRefusal),
    trainingStep: 0,
    unit: vocabulary.unit,
    // Graph mode is TypeScript alone.
    backend: 'wasm',
    run: null,
  };
}

function overflowNotice(overflow: RunOverflow): Message {
  return { key: 'notice.run.overflow', args: [overflow.trainingStep, overflowSentence(overflow)] };
}
