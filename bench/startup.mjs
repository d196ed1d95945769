// Start-up and package size:  node bench/startup.mjs [--publish]  (after npm run package). With --publish, bench/STARTUP.md is written.
import { fork, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installDependencies } from '../scripts/lib/project.mjs';
import { SetupError, main } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/stamps.mjs';
import { measureInHost, prepareEditors } from './lib/editors.mjs';
import { describeMachine } from './lib/machine.mjs';
import { table, verdict } from './lib/markdown.mjs';
import { keepPage } from './lib/results.mjs';
import { build } from './lib/sides.mjs';
import { median } from './lib/statistics.mjs';

const rounds = 15;
/** An editor has to be started for each. */
const activations = 3;
/** Milliseconds to activate; MB of the package for linux-x64. */
const bars = { activation: 50, linux: 30 };

/** Milliseconds in which a real extension host loads and activates the extension, and processor time of all its threads meanwhile; as the part "editor" measures it. */
async function activating() {
  const times = [];
  for (let i = 0; i < activations; i++) times.push((await measureInHost({ root }, 0)).activation);
  return times;
}

/** Milliseconds in which a Node loads a bundle, the editor's module being a stand-in that does nothing. */
function loading(file) {
  const program = `
    const stub = new Proxy(function () {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === '__esModule' ? false : stub), apply: () => stub, construct: () => stub });
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => (name === 'vscode' ? stub : load(name, ...rest));
    const began = performance.now();
    require(${JSON.stringify(join(root, file))});
    process.stdout.write(String(performance.now() - began));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`${file} could not be loaded.\n${stderr}`);
  return Number(stdout);
}

/** Milliseconds from the fork of an engine to its first answer. */
function answering() {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const engine = fork(join(root, 'dist/engine.js'), [], { serialization: 'advanced' });
    engine.once('message', () => {
      resolve(performance.now() - began);
      engine.kill('SIGKILL');
    });
    engine.once('error', reject);
    engine.once('exit', (code) =>
      reject(new SetupError(`The engine ended with exit code ${code} before it answered.`)),
    );
    engine.send({ call: 1, method: 'ping', request: null });
  });
}

function commandLine() {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), '--version']);
  if (status !== 0) throw new SetupError('The command line could not be started.');
  return performance.now() - began;
}

async function several(measure) {
  const values = [];
  for (let i = 0; i < rounds; i++) values.push(await measure());
  return median(values);
}

function packages() {
  const folder = join(root, 'packages');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.vsix'))
    .sort();
  return files.map((name) => ({ name, megabytes: statSync(join(folder, name)).size / 1e6 }));
}

await main(async () => {
  await installDependencies();
  const machine = describeMachine();
  await build();
  await prepareEditors();
  const hosts = await activating();
  const took = median(hosts.map((host) => host.took));
  const milliseconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const rows = [
    [
      'activation in an extension host, loading included',
      milliseconds(took),
      `< ${bars.activation} ms`,
      verdict(took < bars.activation),
    ],
    ['… of it processor time of all the host’s threads', milliseconds(median(hosts.map((host) => host.used))), '', ''],
    [
      'the extension’s bundle loaded by Node.js',
      milliseconds(await several(() => loading('dist/extension.js'))),
      '',
      '',
    ],
    ['an engine, from its fork to its first answer', milliseconds(await several(answering)), '', ''],
    ['`backflow --version`', milliseconds(await several(commandLine)), '', ''],
    ...packages().map(({ name, megabytes }) => {
      const isJudged = name.includes('-linux-x64-');
      return [
        name,
        `${megabytes.toFixed(1)} MB`,
        isJudged ? `≤ ${bars.linux} MB` : '',
        isJudged ? verdict(megabytes <= bars.linux) : '',
      ];
    }),
  ];
  const head = [
    `- ${new Date().toISOString().slice(0, 10)}, ${machine.cores} × ${machine.processor}, ${machine.memory}, ${machine.system}; load before the start ${machine.load.toFixed(1)}`,
    `- Node.js ${process.versions.node}; medians of ${rounds}, of ${activations} editors for the activation`,
  ];
  const text = `# Start-up and size of the packages\n\n${head.join('\n')}\n\n${table(['', 'measured', 'bar', 'reached'], ['left', 'right', 'right', 'left'], rows)}\n`;
  process.stdout.write(`\n${text}`);
  if (process.argv.includes('--publish')) keepPage(text, 'STARTUP.md');
  return 0;
});
