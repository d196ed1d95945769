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

/** The versions of other people's training loops that the recorder's callbacks are tried in, and the files of tests. Ray's are of its newest alone. */
export const frameworks = {
  oldest: {
    torch: '2.0.1',
    packages: ['numpy<2', 'pytorch-lightning==2.0.0', 'transformers==4.30.0', 'accelerate==0.20.3'],
    files: ['test_lightning.py', 'test_huggingface.py'],
  },
  newest: {
    torch: newest,
    packages: [
      'numpy',
      'lightning==2.6.6',
      'transformers==5.24.0',
      'accelerate==1.15.0',
      'ray[tune]==2.60.0',
      'tensorboard==2.21.0',
    ],
    files: [
      'test_lightning.py',
      'test_huggingface.py',
      'test_sweep_ray.py',
      'test_sweep_cluster.py',
      'test_tensorboard.py',
    ],
  },
};

/**
 * Makes the environment, or finds it made, and resolves to the path of its Python.
 * @param {{ torch?: string, python?: string, packages?: string[], name?: string }} [choice] a version of PyTorch from PyPI; without it Debian's python3-torch where there is apt-get, else the
 * newest that is supported. `python`: the interpreter that the environment is made with; without `torch` it has PyTorch. `packages`: others from PyPI, and
 * `name`: that of the environment.
 */
export async function preparePython({ torch, python, packages: others = ['numpy'], name } = {}) {
  const usesSystem = torch === undefined && (python !== undefined || onPath('apt-get') !== undefined);
  if (usesSystem && python === undefined) await ensureSystemTorch();
  const base = python ?? (usesSystem ? '/usr/bin/python3' : windows ? 'python' : 'python3');
  const wanted = usesSystem ? packages : [`torch==${torch ?? newest}`, ...others, ...packages];
  const folder = join(cacheFolder, `python-${name ?? (usesSystem ? 'system' : (torch ?? newest))}`);
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
