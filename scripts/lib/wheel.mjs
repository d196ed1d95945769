// The recorder for PyTorch as a wheel: the files of python/backflow_recorder in a zip, and what pip reads of it. Nothing is compiled, and no Python is needed.
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { root } from './stamps.mjs';

/** The same bytes from the same files: a zip's first possible date. */
const mtime = new Date(1980, 0, 1);
const source = join(root, 'python');

/**
 * Writes the wheel into a folder and resolves to its path (the format: https://packaging.python.org/specifications/binary-distribution-format/).
 * @param {string} folder relative to the project
 */
export async function buildWheel(folder) {
  const project = readFileSync(join(source, 'pyproject.toml'), 'utf8');
  const version = one(readFileSync(join(source, 'backflow_recorder/version.py'), 'utf8'), /__version__ = "(.+)"/);
  const name = one(project, /^name = "(.+)"$/m).replaceAll('-', '_');
  const info = `${name}-${version}.dist-info`;
  const files = [
    ...readdirSync(join(source, name), { recursive: true })
      .filter((file) => file.endsWith('.py') || file === 'py.typed')
      .map((file) => file.replaceAll('\\', '/'))
      .sort()
      .map((file) => [`${name}/${file}`, readFileSync(join(source, name, file))]),
    [`${info}/METADATA`, Buffer.from(metadata(project, version))],
    [
      `${info}/WHEEL`,
      Buffer.from('Wheel-Version: 1.0\nGenerator: backflow\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    ],
    [`${info}/licenses/LICENSE`, readFileSync(join(root, 'LICENSE'))],
  ];
  const record = files.map(([path, content]) => `${path},sha256=${hash(content)},${content.length}\n`).join('');
  files.push([`${info}/RECORD`, Buffer.from(`${record}${info}/RECORD,,\n`)]);
  const path = resolve(root, folder, `${name}-${version}-py3-none-any.whl`);
  mkdirSync(resolve(root, folder), { recursive: true });
  const zip = new ZipFile();
  for (const [file, content] of files) zip.addBuffer(content, file, { mtime, mode: 0o100644 });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** What pip and an index show, from pyproject.toml. */
function metadata(project, version) {
  const requires = JSON.parse(one(project, /^dependencies = (\[.*\])$/m));
  const lines = [
    'Metadata-Version: 2.1',
    `Name: ${one(project, /^name = "(.+)"$/m)}`,
    `Version: ${version}`,
    `Summary: ${one(project, /^description = "(.+)"$/m)}`,
    `License: ${one(project, /^license = { text = "(.+)" }$/m)}`,
    `Requires-Python: ${one(project, /^requires-python = "(.+)"$/m)}`,
    ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
    'Description-Content-Type: text/markdown',
  ];
  return `${lines.join('\n')}\n\n${readFileSync(join(source, 'README.md'), 'utf8')}`;
}

function one(text, pattern) {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`python/ does not say ${pattern}.`);
  return found[1];
}

function hash(content) {
  return createHash('sha256').update(content).digest('base64url');
}
