// The project's own set-up: its npm packages and its bundles.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm, run, withoutNpm } from './processes.mjs';
import { say } from './say.mjs';
import { hashOf, isStamped, root, writeStamp } from './stamps.mjs';

/** `npm ci` from the lock file, skipped while node_modules was made from the same one. */
export async function installDependencies() {
  const stamp = join(root, 'node_modules/.backflow-stamp');
  const hash = hashOf(['package-lock.json', '.npmrc']);
  if (isStamped(stamp, hash)) {
    say('dependencies', 'up to date');
    return;
  }
  say('dependencies', 'installing …');
  const began = Date.now();
  await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
  writeStamp(stamp, hash);
  say('dependencies', `installed (${seconds(began)})`);
}

const programSources = [
  'src',
  'webview',
  'scripts/build.mjs',
  'scripts/lib/assemblyScript.mjs',
  'scripts/lib/testParts.mjs',
  'scripts/lib/threadProgram.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'l10n',
  'media',
];

/** Bundles the programs, and with `tests` the tests, unless they were made from the same sources. */
export async function buildProject({ tests = false } = {}) {
  const what = tests ? 'programs and tests' : 'programs';
  const stamp = join(root, tests ? 'out/.stamp' : 'dist/.stamp');
  const hash = hashOf(tests ? [...programSources, 'test'] : programSources);
  // The programs' own stamp counts for both: a later build without the tests replaces them.
  if (isStamped(stamp, hash) && isStamped(join(root, 'dist/.stamp'), tests ? hashOf(programSources) : hash)) {
    say(what, 'up to date');
    return;
  }
  say(what, 'building …');
  const began = Date.now();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  if (tests) rmSync(join(root, 'out'), { recursive: true, force: true });
  await run(process.execPath, ['scripts/build.mjs', ...(tests ? ['--tests'] : [])], {
    cwd: root,
    env: withoutNpm(process.env),
  });
  writeStamp(join(root, 'dist/.stamp'), hashOf(programSources));
  if (tests) writeStamp(stamp, hash);
  say(what, `built (${seconds(began)})`);
}

export function seconds(began) {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`;
}
