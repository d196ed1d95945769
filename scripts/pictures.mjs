// Takes the pictures of the documents again, from the Code server, into docs/images/. See `usage`.
import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installCodeServer, startCodeServer } from './lib/codeServer.mjs';
import { readOptions } from './lib/options.mjs';
import { run } from './lib/processes.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';
import { chromiumFlags, ensureSystemParts, findChromium, toTest } from './lib/system.mjs';

const usage = `npm run pictures -- [--sweep FOLDER]

Takes the pictures of README.md. --sweep: only that of docs/sweeps.md, of a sweep that is in this folder; to make one takes Python and Ray.`;

const program = join(root, 'out/test/editor/pictures.js');
const timeout = 15 * 60_000;

await main(async () => {
  const given = readOptions({ command: 'npm run pictures', usage, options: { sweep: { type: 'string' } } });
  if (given === null) return 0;
  await installDependencies();
  await buildProject();
  await installCodeServer('newest');
  await ensureSystemParts(toTest);
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['playwright-core'],
    entryPoints: ['test/editor/pictures/main.ts'],
    outfile: program,
    logLevel: 'warning',
  });
  const temporary = mkdtempSync(join(tmpdir(), 'backflow-pictures-'));
  const server = await startCodeServer({ data: join(temporary, 'data'), development: true, reconnectionGrace: 10 });
  try {
    const environment = {
      BACKFLOW_CODE_SERVER: server.address({}),
      BACKFLOW_PROJECT: root,
      BACKFLOW_SCREENSHOTS: temporary,
      BACKFLOW_CHROMIUM: findChromium(),
      BACKFLOW_CHROMIUM_FLAGS: chromiumFlags.join(' '),
      ...(given.sweep !== undefined && { BACKFLOW_SWEEP: resolve(given.sweep) }),
    };
    return await run(process.execPath, ['--enable-source-maps', program], {
      cwd: root,
      show: true,
      accept: 'any',
      deadline: timeout,
      env: { ...process.env, ...environment },
    });
  } finally {
    await server.stop();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});
