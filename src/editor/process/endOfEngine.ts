/** How an engine process ended, in one sentence. */
import type { Message } from '../../protocol/run';

export interface EngineEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Given when the process could not be started or spoken to. */
  readonly error: Error | null;
  /** Its last words were about memory. */
  readonly isOutOfMemory: boolean;
}

/** What the runtime says before it ends for want of memory. */
export const memoryWords = /heap out of memory|Fatal process out of memory|bad_alloc|Array buffer allocation failed/i;

/** Signals of a fault in native code, and the exit statuses that stand for them: of a shell, of Node's abort, of Windows. */
const crashSignals = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP']);
const crashStatuses = new Set([132, 133, 134, 136, 139, 0xc0000005, 0xc000001d, 0xc0000409]);

export function endSentence({ code, signal, error, isOutOfMemory }: EngineEnd): Message {
  if (error) return { template: 'The engine could not be started: {0}. Try again; if that does not help, reload the window.', args: [error.message] };
  if (isOutOfMemory) return { template: 'The engine has run out of memory. What was saved is kept. Choose a smaller window, batch or hidden size, or close other programs.', args: [] };
  if (signal !== null && crashSignals.has(signal)) return crash(signal);
  if (code !== null && crashStatuses.has(code)) return crash(`exit status ${code}`);
  if (signal === 'SIGKILL') return { template: 'Another process ended the engine (signal {0}), perhaps because memory ran out. What was saved is kept.', args: [signal] };
  if (signal !== null) return { template: 'Another process ended the engine (signal {0}). What was saved is kept.', args: [signal] };
  return { template: 'The engine ended unexpectedly (exit status {0}). What was saved is kept.', args: [code ?? 0] };
}

function crash(how: string): Message {
  return { template: 'The engine has crashed ({0}). What was saved is kept. If it happens again, try the backend wasm.', args: [how] };
}
