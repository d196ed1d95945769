/** A run that an engine has set up, with all that works on its model. */
import { emitter, modelSink, type Emit } from './emit';
import { writeFlowHistory } from './files/flowHistoryFile';
import type { FlowHistory } from './inspect/flowHistory';
import { loadModel, type LoadedModel } from './loadedModel';
import { Run, type RunParts } from './train/run';

/** The flows over training are written with a checkpoint, but not more often than this, milliseconds. */
const historyInterval = 10_000;

/** The run has not been started yet. @param history of the steps before, of a run that is resumed */
export function loadRun(
  parts: RunParts,
  history: FlowHistory,
  emit: Emit,
): { readonly model: LoadedModel; readonly run: Run } {
  let historySaved = performance.now();
  const run = new Run(parts, {
    status: (status) => {
      emit('status', status);
      model.frames.changed();
      model.samples.changed();
    },
    progress: emitter(emit, 'progress'),
    finished: emitter(emit, 'finished'),
    saved: async (isLast) => {
      if (!isLast && performance.now() - historySaved < historyInterval) return;
      historySaved = performance.now();
      await parts.folder.reportingRemoval(() => writeFlowHistory(parts.folder.flowsPath, history));
    },
    overflowed: (step) => history.addOverflow(step),
    stepped: async () => {
      model.frames.changed();
      await model.frames.makeIfDue();
      model.samples.changed();
      await model.samples.continueIfDue();
    },
  });
  const { trainer } = parts;
  const trained = { run, history, trainingStep: () => trainer.step, saturated: () => trainer.saturated };
  const model = loadModel(parts.model, trained, parts.modelLock, modelSink(emit));
  return { model, run };
}
