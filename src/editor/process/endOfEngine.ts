/** How an engine process ended, in one sentence. */
import type { Message } from '../../protocol/run';

export interface EngineEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Given when the process could not be started or spoken to. */
  readonly error: Error | null;
}

export function endSentence({ code, signal, error }: EngineEnd): Message {
  if (error) return { template: 'The engine could not be reached: {0}', args: [error.message] };
  if (signal !== null) return { template: 'The engine was ended from outside (signal {0}). What was saved is not lost.', args: [signal] };
  return { template: 'The engine ended unexpectedly (exit status {0}). What was saved is not lost.', args: [code ?? 0] };
}
