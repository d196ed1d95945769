/** Reads many changed files, each within limits of time and memory. */
import { createContext, Script } from 'node:vm';
import { Random } from '../../src/core/model/random';
import { UserError } from '../../src/core/userError';
import { changedBytes } from './bytes';
import { below, oneOf, type FuzzedFormat } from './format';

/** Milliseconds, and bytes above what there was before. */
const limits = { time: 5000, memory: 512 * 2 ** 20 } as const;
const mostMutations = 4;

export interface FuzzResult {
  /** Of all files, those that were refused. */
  readonly refused: number;
  readonly total: number;
}

/** Throws an Error that says the format, the seed of the file, and what went wrong. */
export function fuzz(format: FuzzedFormat, seed: number, count: number): FuzzResult {
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const own = seed + i;
    const bytes = changed(format, Random.fromSeed(own));
    const before = process.memoryUsage().rss;
    try {
      withinTime(() => { format.read(bytes); });
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw new Error(`${format.name}, seed ${own}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
      if (thrown.message.length > 2000 || /\n\s+at /.test(thrown.message)) throw new Error(`${format.name}, seed ${own}: a sentence of ${thrown.message.length} characters`);
      refused++;
    }
    const more = process.memoryUsage().rss - before;
    if (more > limits.memory) throw new Error(`${format.name}, seed ${own}: took ${Math.round(more / 2 ** 20)} MB for a file of ${bytes.length} bytes`);
  }
  return { refused, total: count };
}

function changed({ files, mutations }: FuzzedFormat, random: Random): Uint8Array {
  let bytes = oneOf(files, random);
  for (let n = 1 + below(mostMutations, random); n > 0; n--) bytes = mutations.length > 0 && random.uniform() < 0.5 ? oneOf(mutations, random)(bytes, random) : changedBytes(bytes, random);
  return bytes;
}

const host: { job: () => void } = { job: () => undefined };
const context = createContext(host);
const script = new Script('job()');

/** A job that does not end is stopped, and an Error thrown. */
function withinTime(job: () => void): void {
  host.job = job;
  script.runInContext(context, { timeout: limits.time });
}
