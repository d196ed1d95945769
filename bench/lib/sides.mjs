// The programs that are measured: ours, and one PyTorch or more.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../scripts/lib/processes.mjs';
import { root } from '../../scripts/lib/stamps.mjs';
import { chromiumFlags, findChromium } from '../../scripts/lib/system.mjs';
import { Worker } from './worker.mjs';

const cores = availableParallelism();

/** Bundles the programs, and those that measure them. */
export function build() {
  return run(process.execPath, ['scripts/build.mjs', '--bench'], { cwd: root });
}

/** `build`: the folder of another build than this one. */
export function startOurs({ node, threads, build: folder = root }) {
  return new Worker(
    'Backflow',
    node,
    ['--expose-gc', join(folder, 'out/bench/ours.js')],
    threads === undefined ? {} : { BACKFLOW_BENCH_THREADS: String(threads) },
  );
}

/** The page in a browser; `build` as above. */
export function startPage(folder = root) {
  return new Worker('The page', process.execPath, ['--enable-source-maps', join(folder, 'out/bench/page/main.js')], {
    BACKFLOW_CHROMIUM: findChromium(),
    BACKFLOW_CHROMIUM_FLAGS: chromiumFlags.join(' '),
  });
}

/** A PyTorch: one process for each number of threads that is tried. */
export async function startPeer(python) {
  const workers = [...new Set([1, cores])].map((threads) => ({ threads, worker: startPython(python, threads) }));
  const description = await workers[0].worker.ask('describe');
  return { name: `PyTorch ${description.torch}`, description, workers };
}

function startPython(python, threads) {
  const count = String(threads);
  return new Worker(python, python, [join(root, 'bench/peer/peer.py')], {
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    ...peerEnvironment(),
  });
}

/**
 * An OpenBLAS older than the processor falls back to SSE3, several times slower; to be fast, name the newest core it
 * knows. A setting of the person who measures is left as it is.
 */
export function peerEnvironment() {
  if (process.env.OPENBLAS_CORETYPE !== undefined) return {};
  const flags = processorFlags();
  if (flags.has('avx512f') && flags.has('avx512vl')) return { OPENBLAS_CORETYPE: 'SkylakeX' };
  if (flags.has('avx2') && flags.has('fma')) return { OPENBLAS_CORETYPE: 'Haswell' };
  return {};
}

function processorFlags() {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return new Set(line === null ? [] : line[1].trim().split(' '));
  } catch {
    return new Set();
  }
}

/** The version of a Python's PyTorch, or of a Node.js. */
export async function versionOf(program) {
  const isPython = program.includes('python');
  const args = isPython ? ['-c', 'import torch; print(torch.__version__)'] : ['-p', 'process.versions.node'];
  return (await promisify(execFile)(program, args)).stdout.trim();
}

/** What `interleave` times: training steps of a built model, or what else is done with it. `processor` has the processor's seconds per step of every run. */
export function trainingSide(worker, name, what = 'step') {
  const processor = [];
  return {
    processor,
    run: async (steps) => {
      const spent = await worker.ask('run', { name, steps, what });
      processor.push(spent.processor / steps);
      return spent.seconds;
    },
  };
}
