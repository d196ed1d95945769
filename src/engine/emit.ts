/** Where an engine sends its events. */
import type { EngineEvents } from '../protocol/engine';
import type { ModelSink } from './loadedGraph';

export type Emit = <K extends keyof EngineEvents>(event: K, value: EngineEvents[K]) => void;

export function emitter<K extends keyof EngineEvents>(emit: Emit, event: K): (value: EngineEvents[K]) => void {
  return (value) => emit(event, value);
}

/** For what comes of a model. */
export function modelSink(emit: Emit): ModelSink {
  return {
    frame: emitter(emit, 'frame'),
    watchFailed: emitter(emit, 'watchFailed'),
    sampleDrawn: emitter(emit, 'sampleDrawn'),
  };
}
