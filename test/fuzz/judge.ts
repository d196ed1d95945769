/** What is asked of every reader, whatever it is given: the thing itself, or one sentence that refuses it, soon and in bounds. */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../src/core/userError';
import { generator, mutated, mutatedJson, type Random } from './mutate';

export interface Format {
  readonly name: string;
  /** Good input, of which bad is made. */
  readonly samples: readonly Uint8Array[];
  /** Whether it is also changed as the JSON it is. */
  readonly isJson?: boolean;
  /** Reads as the program does. Throws what the program throws. */
  read(bytes: Uint8Array): unknown;
  /** Whether what was thrown is a refusal as it should be; a UserError unless said. */
  isRefusal?(thrown: unknown): boolean;
}

/** Milliseconds of the processor for one input, and bytes that reading it may add; both far more than any good sample takes. */
const mostMilliseconds = 3000;
const mostBytes = 400_000_000;
const longestSentence = 1500;

/** Reads `count` changed samples. Throws, naming format, seed and number of the input, whose bytes are then in a file. */
export async function fuzz(format: Format, count: number, seed: number): Promise<{ readonly accepted: number; readonly refused: number }> {
  for (const sample of format.samples) await format.read(sample);
  const random = generator(seed);
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const bytes = nextInput(format, random);
    try {
      if (await isAccepted(format, bytes)) accepted++;
    } catch (thrown) {
      const file = join(tmpdir(), `backflow-fuzz-${format.name.replace(/\W+/g, '-')}-${seed}-${i}`);
      writeFileSync(file, bytes);
      throw new Error(`${format.name}, seed ${seed}, input ${i} (kept as ${file}): ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
    }
  }
  return { accepted, refused: count - accepted };
}

function nextInput({ samples, isJson }: Format, random: Random): Uint8Array {
  const sample = samples[Math.floor(random() * samples.length)];
  if (isJson && random() < 0.6) return Buffer.from(mutatedJson(random, Buffer.from(sample).toString('utf8')));
  return mutated(random, sample, samples);
}

async function thrownBy(read: () => unknown): Promise<Error | null> {
  try {
    await read();
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(`not an error was thrown: ${String(thrown)}`);
  }
}

async function isAccepted(format: Format, bytes: Uint8Array): Promise<boolean> {
  const began = process.cpuUsage();
  const before = process.memoryUsage();
  const thrown = await thrownBy(() => format.read(bytes));
  const { arrayBuffers, heapTotal } = process.memoryUsage();
  const { user, system } = process.cpuUsage(began);
  const time = (user + system) / 1000;
  assert.ok(time < mostMilliseconds, `took ${time} ms`);
  assert.ok(arrayBuffers + heapTotal - before.arrayBuffers - before.heapTotal < mostBytes, 'asked for far more memory than the input has');
  if (thrown === null) return true;
  if (!(format.isRefusal ?? ((value) => value instanceof UserError))(thrown)) throw thrown;
  const { message } = thrown;
  assert.ok(message.length > 10 && message.length <= longestSentence && /[.?!)…]$/.test(message), `not one sentence: ${message.slice(0, 300)}`);
  assert.ok(!/\n\s+at |undefined|\[object/.test(message), `not a sentence for a person: ${message.slice(0, 300)}`);
  return false;
}
