/** A real engine process for tests, spoken to through the protocol. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineCalls, EngineEvents, TrainRequest } from '../../../src/protocol/engine';
import { Caller } from '../../../src/protocol/rpc';
import {
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  defaultVocabularySettings,
  type StackSettings,
  type TrainingSettings,
} from '../../../src/protocol/settings';
import { removeFolder } from '../../support/removeFolder';

export interface TestEngine {
  readonly child: ChildProcess;
  readonly calls: Caller<EngineCalls, EngineEvents>;
  /** The next event of that name that `accept` takes. */
  next<K extends keyof EngineEvents>(event: K, accept?: (value: EngineEvents[K]) => boolean): Promise<EngineEvents[K]>;
  /** Resolves with the exit code and signal. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

const started = new Set<ChildProcess>();

/** Ends what a test that failed has left. */
export function endEngines(): void {
  for (const child of started) child.kill('SIGKILL');
}

export function startEngine(): TestEngine {
  const child = fork(join(process.cwd(), 'dist/engine.js'), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  const calls = new Caller<EngineCalls, EngineEvents>({
    send: (message) => {
      if (child.connected) child.send(message as object);
    },
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => void child.on('disconnect', listener),
  });
  return {
    child,
    calls,
    next: (event, accept = () => true) =>
      new Promise((resolve) => {
        const off = calls.on(event, (value) => {
          if (!accept(value)) return;
          off();
          resolve(value);
        });
      }),
    exited: new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal }))),
  };
}

/** A fresh folder that is removed by the returned function. */
export function temporaryFolder(): { path: string; remove(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'backflow-test-'));
  return { path, remove: () => removeFolder(path) };
}

export const smallModel: StackSettings = { ...defaultModelSettings, hiddenSize: 16 };

/** A run on `text`, small and quick unless stated otherwise. */
export function requestFor(
  text: string,
  folder: string,
  training: Partial<TrainingSettings> = {},
  model: Partial<StackSettings> = {},
): TrainRequest {
  return {
    corpus: { kind: 'text', text, name: 'corpus.txt' },
    from: null,
    vocabulary: defaultVocabularySettings,
    model: { ...smallModel, ...model },
    training: { ...defaultTrainingSettings, window: 16, batch: 4, learningRate: 0.02, threads: 1, ...training },
    folder,
  };
}

export const watchOf = (
  text: string,
): EngineCalls['watch'] extends (request: infer R) => unknown ? NonNullable<R> : never => ({
  text,
  target: 'last',
  thresholds: defaultThresholds,
  unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' },
  total: false,
  maxRate: 60,
});
