/** What is asked of every reader, whatever it is given: the thing itself, or one sentence that refuses it, soon and in bounds. */
import { createContext, Script } from 'node:vm';
import { Random } from '../../src/core/model/random';
import { UserError } from '../../src/userError';
import { changedBytes } from './bytes';
import { below, oneOf, type FuzzedFormat } from './format';
import { changedJson } from './json';

/** Milliseconds, which in a test only what does not end takes; bytes above what there was before; characters of a sentence. All far more than any good file takes. */
const limits = {
  time: 1000 * Number(process.env['BACKFLOW_FUZZ_SECONDS'] ?? 120),
  memory: 400e6,
  sentence: 2000,
} as const;
/** Milliseconds, of what the program would end. */
const endedTime = 3000;
const maxChanges = 4;

/** Reads `count` changed files. Throws an Error that says the format, the seed of the file, and what went wrong. */
export async function fuzz(format: FuzzedFormat, seed: number, count: number): Promise<void> {
  // What is good is read.
  for (const file of format.files) await format.read(file);
  for (let i = 0; i < count; i++) {
    const bytes = changed(format, Random.fromSeed(seed + i));
    try {
      await check(format, bytes);
    } catch (thrown) {
      const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      throw new Error(`${format.name}, seed ${seed + i}, ${bytes.length} bytes: ${why}`, { cause: thrown });
    }
  }
}

function changed({ files, isJson, mutations = [] }: FuzzedFormat, random: Random): Uint8Array {
  let bytes = oneOf(files, random);
  if (isJson && random.uniform() < 0.6) return changedJson(bytes, random);
  for (let n = 1 + below(maxChanges, random); n > 0; n--) {
    bytes =
      mutations.length > 0 && random.uniform() < 0.5
        ? oneOf(mutations, random)(bytes, random)
        : changedBytes(bytes, files, random);
  }
  return bytes;
}

async function check(format: FuzzedFormat, bytes: Uint8Array): Promise<void> {
  const before = allocated();
  const isRefusal = (thrown: unknown) => (format.isRefusal ? format.isRefusal(thrown) : thrown instanceof UserError);
  try {
    let read: unknown;
    withinTime(format.isEnded ? Math.min(limits.time, endedTime) : limits.time, () => {
      read = format.read(bytes);
    });
    await read;
  } catch (thrown) {
    if (format.isEnded && (thrown as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return;
    if (!(thrown instanceof Error) || !isRefusal(thrown)) throw thrown;
    checkSentence(thrown.message);
  }
  const more = allocated() - before;
  if (more > limits.memory) throw new Error(`took ${Math.round(more / 1e6)} MB`);
}

function checkSentence(message: string): void {
  const isSentence = message.length > 10 && message.length <= limits.sentence && /[.?!)…]$/.test(message);
  const isForPeople = !/\n\s+at |\bundefined\b|\[object /.test(message);
  if (!isSentence || !isForPeople) throw new Error(`no sentence for a person: ${message.slice(0, 300)}`);
}

/** Bytes; what was asked for counts, used or not. */
function allocated(): number {
  const { arrayBuffers, heapTotal } = process.memoryUsage();
  return arrayBuffers + heapTotal;
}

const host: { job: () => void } = { job: () => undefined };
const context = createContext(host);
const script = new Script('job()');

/** A job that does not end is stopped, and an Error thrown. An error's place is not added to it: that would copy its line, which in a bundle has megabytes. */
function withinTime(timeout: number, job: () => void): void {
  host.job = job;
  script.runInContext(context, { timeout, displayErrors: false });
}
