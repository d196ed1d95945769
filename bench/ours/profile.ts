/** Where the time of a training step goes: V8's sampling profiler around some steps, read out function by function. */
import { Session, type Profiler } from 'node:inspector/promises';
import { basename } from 'node:path';

/** Microseconds between two samples. */
const samplingInterval = 200;

export interface FunctionTime {
  readonly name: string;
  /** File of the bundle, "wasm" or "native". */
  readonly place: string;
  /** Of all the time, in itself and not in what it calls. */
  readonly share: number;
}

/**
 * Runs the work under the profiler; functions with the most time of their own first. Work on other threads is not seen.
 * @param kernelNames by index in the WebAssembly module
 */
export async function profile(
  work: () => Promise<number>,
  kernelNames: ReadonlyMap<string, string>,
): Promise<{ seconds: number; functions: FunctionTime[] }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingInterval });
  await session.post('Profiler.start');
  const seconds = await work();
  const { profile: samples } = await session.post('Profiler.stop');
  session.disconnect();
  return { seconds, functions: functionTimes(samples, kernelNames) };
}

function functionTimes(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  kernelNames: ReadonlyMap<string, string>,
): FunctionTime[] {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, { name: string; place: string; time: number }>();
  let total = 0;
  samples.forEach((id, i) => {
    const frame = frames.get(id);
    if (!frame) return;
    const name = nameOf(frame.functionName, kernelNames);
    const place = placeOf(frame.url);
    const key = `${place} ${name}`;
    const entry = times.get(key) ?? { name, place, time: 0 };
    entry.time += timeDeltas[i];
    total += timeDeltas[i];
    times.set(key, entry);
  });
  return [...times.values()]
    .sort((a, b) => b.time - a.time)
    .map(({ name, place, time }) => ({ name, place, share: time / total }));
}

function nameOf(name: string, kernelNames: ReadonlyMap<string, string>): string {
  const index = /^wasm-function\[(\d+)\]$/.exec(name)?.[1];
  return (index !== undefined && kernelNames.get(index)) || name || '(anonymous)';
}

function placeOf(url: string): string {
  if (url.startsWith('wasm')) return 'wasm';
  return url === '' ? 'native' : basename(url);
}
