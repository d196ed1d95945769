/** How an engine process ended, in one sentence. */
import type { Message } from '../../messages';

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
  if (error) return { key: 'engine.notStarted', args: [error.message] };
  if (isOutOfMemory) return { key: 'engine.outOfMemory', args: [] };
  if (signal !== null && crashSignals.has(signal)) return crash(signal);
  if (code !== null && crashStatuses.has(code)) return crash(`exit status ${code}`);
  if (signal === 'SIGKILL') return { key: 'engine.killed', args: [signal] };
  if (signal !== null) return { key: 'engine.endedBySignal', args: [signal] };
  return { key: 'engine.endedUnexpectedly', args: [code ?? 0] };
}

function crash(how: string): Message {
  return { key: 'engine.crashed', args: [how] };
}
