// The extension in real editors: inside an extension host, and in a window that is used from outside.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCodeServer, startCodeServer } from '../../scripts/lib/codeServer.mjs';
import { runInCodeServer } from '../../scripts/lib/hostSuite.mjs';
import { makeWindowPlain } from '../../scripts/lib/plainWindow.mjs';
import { SetupError } from '../../scripts/lib/say.mjs';
import { cacheFolder, root } from '../../scripts/lib/stamps.mjs';
import { chromiumFlags, ensureSystemParts, findChromium } from '../../scripts/lib/system.mjs';
import { Worker } from './worker.mjs';

const deadline = 10 * 60_000;

/** What an editor needs; installed once. */
export async function prepareEditors() {
  await ensureSystemParts(['chromium']);
  await installCodeServer();
}

/**
 * Runs bench/editor/host.ts in a new extension host with the extension of a build.
 * @param {{ root: string }} build @param {number} hovers asked for in each round; 0 for the activation alone
 * @returns {Promise<import('../editor/host').HostTimes>}
 */
export function measureInHost(build, hovers) {
  return inTemporaryFolder(async (temporary) => {
    const folder = join(temporary, 'workspace');
    mkdirSync(folder);
    makeWindowPlain(folder);
    const result = join(temporary, 'result.json');
    const environment = {
      BACKFLOW_BENCH_HOVERS: String(hovers),
      BACKFLOW_BENCH_RESULT: result,
      BACKFLOW_TEST_OUTPUT: join(temporary, 'output'),
    };
    const program = join(root, 'out/bench/editor/host.js');
    await runInCodeServer({
      folder,
      data: join(temporary, 'data'),
      environment,
      browser: findChromium(),
      deadline,
      release: 'newest',
      extension: build.root,
      program,
    });
    const times = JSON.parse(readFileSync(result, 'utf8'));
    if (times.error !== undefined) throw new SetupError(`The extension host could not be measured: ${times.error}`);
    return times;
  });
}

/**
 * Asks bench/editor/window.ts, whose windows have the extension of a build, and returns its answer.
 * @param {{ root: string }} build
 */
export function measureInWindow(build, action, request) {
  return inTemporaryFolder(async (temporary) => {
    const shared = { BACKFLOW_PROBE_FILE: join(temporary, 'busy.jsonl') };
    const server = await startCodeServer({
      data: join(temporary, 'data'),
      development: true,
      extensions: [join(root, 'bench/editor/probe')],
      environment: shared,
      reconnectionGrace: 10,
    });
    const worker = new Worker(
      'The window',
      process.execPath,
      ['--enable-source-maps', join(root, 'out/bench/editor/window.js')],
      {
        ...shared,
        BACKFLOW_CODE_SERVER: server.address({}),
        BACKFLOW_PROJECT: build.root,
        BACKFLOW_CHROMIUM: findChromium(),
        BACKFLOW_CHROMIUM_FLAGS: chromiumFlags.join(' '),
        BACKFLOW_SCREENSHOTS: join(cacheFolder, 'screenshots'),
      },
    );
    try {
      return await worker.ask(action, request);
    } finally {
      await worker.end();
      await server.stop();
    }
  });
}

async function inTemporaryFolder(job) {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-bench-'));
  try {
    return await job(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
