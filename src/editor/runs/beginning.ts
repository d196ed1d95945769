/** How a session begins, and what is known of what it has opened. */
import { basename } from 'node:path';
import { isSameLayer, type LayerConfig } from '../../layers/layerConfig';
import type { Direction } from '../../layers/direction';
import type { BranchRequest, OpenRequest, OpenResult, ResumeRequest, TrainRequest } from '../../protocol/engine';
import type { GraphSummary } from '../../protocol/graph';
import type { LayerShape, ModelSummary } from '../../protocol/model';
import { readUnitOf, type Progress, type RunDescription, type RunStatus } from '../../protocol/run';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  defaultVocabularySettings,
  layersOf,
  type ModelSettings,
} from '../../protocol/settings';
import { isTokenizer, type ReadUnit } from '../../tokens/tokenUnit';
import { loadTokenizers } from '../../tokens/tokenizers';
import type { EngineProcess } from '../process/engineProcess';

export type Beginning =
  | { readonly kind: 'train'; readonly request: TrainRequest }
  | { readonly kind: 'resume'; readonly request: ResumeRequest }
  | { readonly kind: 'branch'; readonly request: BranchRequest }
  | { readonly kind: 'open'; readonly request: OpenRequest };

export interface Opened {
  readonly description: RunDescription;
  readonly status: RunStatus;
  readonly isRun: boolean;
  /** Of a model that was opened. */
  readonly reading: Pick<OpenResult, 'verification' | 'notices' | 'trainingRefusal'> | null;
  readonly unit: ReadUnit;
}

/** What is known of a session before its engine has answered. */
export function atFirst(beginning: Beginning): Opened {
  const { kind, request } = beginning;
  const folder = kind === 'open' ? request.path : request.folder;
  const settings = kind === 'train' ? request : { model: defaultModelSettings, training: defaultTrainingSettings };
  const description: RunDescription = {
    name: basename(folder),
    folder,
    corpus: { name: '', path: null, tokens: 0, unit: defaultVocabularySettings.unit },
    model: { ...settings.model, vocabularySize: 0, parameterCount: 0 },
    training: settings.training,
    backend: settings.training.backend,
  };
  return {
    description,
    status: { state: 'starting', step: 0, message: null },
    isRun: kind !== 'open',
    reading: null,
    unit: defaultVocabularySettings.unit,
  };
}

/**
 * Asks an engine for the beginning. Throws its RpcError.
 * @param known of the session, also what is learned meanwhile
 * @returns of a run that was opened also its progress until now
 */
export async function askToBegin(
  { calls }: EngineProcess,
  beginning: Beginning,
  known: Pick<Opened, 'description' | 'status'>,
): Promise<{ readonly opened: Opened; readonly history: Progress | null }> {
  if (beginning.kind === 'open') {
    const result = await calls.call('open', beginning.request);
    if (isTokenizer(result.unit)) await loadTokenizers();
    return { opened: openedAs(result, known.description), history: result.run && result.run.history };
  }
  const description = await askForRun(calls, beginning);
  if (description.tokenizer) await loadTokenizers();
  // An event of the engine may have said more by now.
  const { status } = known;
  const { tokenizer: _, ...described } = description;
  const opened: Opened = {
    description: described,
    status: status.state === 'starting' ? { ...status, state: 'running' } : status,
    isRun: true,
    reading: null,
    unit: readUnitOf(description),
  };
  return { opened, history: null };
}

function askForRun(
  calls: EngineProcess['calls'],
  beginning: Exclude<Beginning, { readonly kind: 'open' }>,
): Promise<RunDescription> {
  switch (beginning.kind) {
    case 'train':
      return calls.call('train', beginning.request);
    case 'resume':
      return calls.call('resumeRun', beginning.request);
    case 'branch':
      return calls.call('branchRun', beginning.request);
  }
}

/** What is known of a model once it is open. @param before what was known until then */
export function openedAs(
  { model, trainingStep, unit, backend, run, recording, ...reading }: OpenResult,
  before: RunDescription,
): Opened {
  const isFinished =
    run !== null && run.description.training.steps !== null && trainingStep >= run.description.training.steps;
  return {
    // Of a model from elsewhere, only the model is known.
    description: {
      ...(run?.description ??
        (model.mode === 'graph' ? describedGraph(before, model) : { ...before, model: settingsOf(model), backend })),
      ...(recording && { recording }),
    },
    status: { state: isFinished ? 'finished' : 'stopped', step: trainingStep, message: null },
    isRun: run !== null,
    reading,
    unit,
  };
}

/** In graph mode there are no settings: only how large the model is. */
function describedGraph(description: RunDescription, graph: GraphSummary): RunDescription {
  const { vocabularySize, parameterCount } = graph;
  return { ...description, model: { ...description.model, vocabularySize, parameterCount }, graph };
}

/** The settings nearest to a model from elsewhere: it says nothing of how it was trained, nor what stands around its layers. */
function settingsOf({
  layers: described,
  embeddingSize,
  tied,
  vocabularySize,
  features,
  parameterCount,
}: ModelSummary): RunDescription['model'] {
  const { finalNorm, norm, residual } = defaultModelSettings;
  const objective = features === undefined ? defaultModelSettings.objective : 'squaredError';
  const sizes = { vocabularySize, ...(features !== undefined && { features }), parameterCount };
  const around = { embeddingSize, tied, objective, finalNorm, ...sizes };
  const layers = described.map(({ cell, activation, hiddenSize, directions, options }): LayerConfig => ({
    cell,
    activation,
    hiddenSize,
    bidirectional: directions.length > 1,
    norm,
    residual,
    options,
  }));
  return layers.every((layer) => isSameLayer(layer, layers[0]))
    ? { ...around, ...layers[0], layers: layers.length }
    : { ...around, layers };
}

/** The layers of a model that is described alone, the lowest first. */
export function shapesOf(model: ModelSettings): readonly LayerShape[] {
  return layersOf(model).map(({ cell, hiddenSize, options, bidirectional }) => {
    const directions: readonly Direction[] = bidirectional ? ['forward', 'backward'] : ['forward'];
    return { cell, hiddenSize, options, directions };
  });
}
