// Start-up and package size:  node bench/startup.mjs  (after npm run package)
import { fork, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const rounds = 15;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

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
  return Number(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout);
}

/** Milliseconds from the fork of an engine to its first answer. */
function answering() {
  return new Promise((resolve) => {
    const began = performance.now();
    const engine = fork(join(root, 'dist/engine.js'), [], { serialization: 'advanced' });
    engine.on('message', () => {
      resolve(performance.now() - began);
      engine.kill('SIGKILL');
    });
    engine.send({ call: 1, method: 'ping', request: null });
  });
}

function commandLine() {
  const began = performance.now();
  spawnSync(process.execPath, [join(root, 'dist/cli.js'), '--version']);
  return performance.now() - began;
}

async function several(measure) {
  const values = [];
  for (let i = 0; i < rounds; i++) values.push(await measure());
  return `${median(values).toFixed(0)} ms`;
}

const rows = [
  ['extension loaded by its host', await several(() => loading('dist/extension.js'))],
  ['engine, from fork to first answer', await several(answering)],
  ['`backflow --version`', await several(commandLine)],
];
const packages = join(root, 'packages');
for (const name of readdirSync(packages).filter((file) => file.endsWith('.vsix')).sort()) rows.push([name, `${(statSync(join(packages, name)).size / 1e6).toFixed(1)} MB`]);
process.stdout.write(`| start-up and size | |\n| --- | --- |\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
