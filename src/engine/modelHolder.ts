/** What an engine has open, one thing at most: a model, training or not, a model in graph mode, or a recording. */
import { UserError } from '../userError';
import type { FrameSource } from './inspect/frameSource';
import type { LoadedGraph } from './loadedGraph';
import type { LoadedModel } from './loadedModel';
import type { LoadedRecording } from './loadedRecording';
import { messageOf } from './model/examination';
import type { SampleSource } from './sampling/sampleSource';
import type { Run } from './train/run';

export type Held =
  | { readonly mode: 'stack'; readonly model: LoadedModel }
  | { readonly mode: 'graph'; readonly graph: LoadedGraph }
  | { readonly mode: 'recording'; readonly recording: LoadedRecording };

export class ModelHolder {
  private held: Held | null = null;
  private isLoading = false;

  /** Keeps what the work loads. A second load is refused, as long as the first has not failed. */
  async load<T extends Held>(work: () => Promise<T>): Promise<T> {
    if (this.held || this.isLoading) throw new Error('this engine already has a model');
    this.isLoading = true;
    try {
      const loaded = await work();
      this.held = loaded;
      return loaded;
    } finally {
      this.isLoading = false;
    }
  }

  /** Throws a UserError where something else is open, or nothing. */
  get model(): LoadedModel {
    const { held } = this;
    if (!held) throw new UserError('error.model.noneOpen');
    switch (held.mode) {
      case 'stack':
        return held.model;
      case 'graph':
        throw new UserError('error.graph.notAvailable', messageOf(held.graph.inspector.stackRefusal));
      case 'recording':
        throw new UserError('error.recording.notAvailable');
    }
  }

  /** Null where something else is open, or nothing. */
  get graph(): LoadedGraph | null {
    return this.held?.mode === 'graph' ? this.held.graph : null;
  }

  /** Likewise. */
  get recording(): LoadedRecording | null {
    return this.held?.mode === 'recording' ? this.held.recording : null;
  }

  /** Throws a UserError without a model. */
  get frames(): FrameSource {
    return (this.recording ?? this.graph ?? this.model).frames;
  }

  /** Throws a UserError without a model, and for a recording. */
  get samples(): SampleSource {
    return (this.graph ?? this.model).samples;
  }

  /** Throws a UserError where no model is trained. */
  get run(): Run {
    const { run } = this.model;
    if (!run) throw new UserError('error.model.notTraining');
    return run;
  }

  /** Ends what is under way, saving a checkpoint of a run. */
  async close(): Promise<void> {
    const { held } = this;
    if (held?.mode === 'recording') held.recording.dispose();
    if (held?.mode === 'graph') disposeOf(held.graph);
    if (held?.mode !== 'stack') return;
    disposeOf(held.model);
    const { run } = held.model;
    if (run && ['running', 'paused'].includes(run.status.state)) await run.stop();
  }
}

function disposeOf({ frames, samples }: Pick<LoadedModel, 'frames' | 'samples'>): void {
  frames.dispose();
  samples.dispose();
}
