/** Training steps with the samples that a panel watches. */
import type { InspectedModel } from '../../src/engine/inspect/inspector';
import { Sampler } from '../../src/engine/sampling/sampler';
import { SampleSource } from '../../src/engine/sampling/sampleSource';
import type { Trainer } from '../../src/engine/train/trainer';
import { ModelLock } from '../../src/engine/modelLock';

/**
 * A training step, and a piece of a sample where one is due, as the engine does it. Its clock stops between two calls: an engine
 * measured in turns makes as many samples a second as one that is not.
 */
export function sampledStep(model: InspectedModel, trainer: Trainer): () => Promise<void> {
  /** Milliseconds of all calls before this one, and when this one began. */
  let [own, began] = [0, 0];
  let loss: number | null = null;
  let source: SampleSource | null = null;
  const watched = (): SampleSource => {
    const sampled = {
      vocabulary: model.vocabulary,
      makeSampler: () => Sampler.of(model),
      trainingStep: () => trainer.step,
      loss: () => loss,
      isTraining: () => true,
    };
    const made = new SampleSource(
      sampled,
      new ModelLock(),
      () => undefined,
      () => own + performance.now() - began,
    );
    made.watch({ temperature: 0.8, seed: 1 });
    return made;
  };
  return async () => {
    began = performance.now();
    source ??= watched();
    ({ loss } = await trainer.next());
    await source.continueIfDue();
    own += performance.now() - began;
  };
}
