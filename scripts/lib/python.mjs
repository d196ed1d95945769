// The recorder's Python: a virtual environment of its own with PyTorch, in which its tests run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { SetupError, say } from './say.mjs';
import { cacheFolder, isStamped, writeStamp } from './stamps.mjs';
import { ensureSystemParts, onPath } from './system.mjs';

const windows = process.platform === 'win32';
/** What the tests need beside PyTorch. */
const packages = ['safetensors==0.8.0', 'pytest==8.4.2'];
/** From PyPI, where the system has no PyTorch of its own to install. */
const newest = '2.15.0';

/**
 * Makes the environment, or finds it made, and resolves to the path of its Python.
 * @param {{ torch?: string, python?: string }} [choice] a version of PyTorch from PyPI; without it Debian's python3-torch where there is apt-get, else the
 * newest that is supported. `python`: the interpreter that the environment is made with; without `torch` it has PyTorch.
 */
export async function preparePython({ torch, python } = {}) {
  const usesSystem = torch === undefined && (python !== undefined || onPath('apt-get') !== undefined);
  if (usesSystem && python === undefined) await ensureSystemTorch();
  const base = python ?? (usesSystem ? '/usr/bin/python3' : windows ? 'python' : 'python3');
  const wanted = usesSystem ? packages : [`torch==${torch ?? newest}`, 'numpy', ...packages];
  const folder = join(cacheFolder, `python-${usesSystem ? 'system' : (torch ?? newest)}`);
  const program = join(folder, windows ? 'Scripts/python.exe' : 'bin/python');
  const stamp = join(folder, '.backflow-stamp');
  const content = `${base} ${wanted.join(' ')}`;
  if (existsSync(program) && isStamped(stamp, content)) {
    say('Python', 'up to date');
    return program;
  }
  say('Python', `installing ${wanted.join(', ')} …`);
  await run(base, ['-m', 'venv', '--clear', ...(usesSystem ? ['--system-site-packages'] : []), folder]);
  await run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted]);
  writeStamp(stamp, content);
  return program;
}

async function ensureSystemTorch() {
  try {
    await ensureSystemParts(['torch']);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`${error.message}\nOr take PyTorch from PyPI: npm run test:python -- --torch ${newest}`);
  }
}
