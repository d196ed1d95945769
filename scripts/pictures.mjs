// npm run pictures: takes the pictures of README.md and docs/ again, from the Code server, into docs/images/. See `usage`.
import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installCodeServer, startCodeServer } from './lib/codeServer.mjs';
import { oneOf, readOptions } from './lib/options.mjs';
import { run } from './lib/processes.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { preparePython } from './lib/python.mjs';
import { main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';
import { chromiumFlags, ensureSystemParts, findChromium, toTest } from './lib/system.mjs';

const program = join(root, 'out/test/editor/pictures.js');
const timeout = 45 * 60_000;

const pictures = 'training overview hover compare change spectrum remedy overflow recording notebook'.split(' ');

const usage = `npm run pictures -- [NAME…] [--python PATH] [--sweep FOLDER]

Takes the pictures in docs/images/ again, or only those named: ${pictures.join(', ')}.
The last two are of a training in PyTorch: --python names an interpreter that has it; without, it is Debian's python3-torch.
--sweep: only that of docs/sweeps.md, of a sweep that is in this folder; to make one takes Python and Ray.`;
/** Those that need Python. */
const recorded = ['recording', 'notebook'];

await main(async () => {
  const asked = readOptions({
    command: 'npm run pictures',
    usage,
    options: { python: { type: 'string' }, sweep: { type: 'string' } },
    allowPositionals: true,
  });
  if (asked === null) return 0;
  const { python, sweep } = asked;
  for (const name of asked.positionals) oneOf('picture', name, pictures);
  const names = sweep === undefined ? asked.positionals : ['sweep'];
  await installDependencies();
  await buildProject();
  await installCodeServer('newest');
  await ensureSystemParts(toTest);
  const interpreter =
    names.length === 0 || names.some((name) => recorded.includes(name)) ? await preparePython({ python }) : '';
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
      BACKFLOW_PYTHON: interpreter,
      BACKFLOW_CHROMIUM: findChromium(),
      BACKFLOW_CHROMIUM_FLAGS: chromiumFlags.join(' '),
      ...(sweep !== undefined && { BACKFLOW_SWEEP: resolve(sweep) }),
    };
    return await run(process.execPath, ['--enable-source-maps', program, ...names], {
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
