// The build before: another revision of this project, in a work tree of its own, measured beside this one.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { npm, run, withoutNpm } from '../../scripts/lib/processes.mjs';
import { SetupError, say } from '../../scripts/lib/say.mjs';
import { cacheFolder, root } from '../../scripts/lib/stamps.mjs';

/** The programs that measure, and what they are made with; a revision that has none is measured by these. */
const measuring = ['bench', 'scripts', 'test/webview', 'test/editor/harness', 'test/support'];
/** This one shows whether a revision has them. */
const newest = 'bench/page/main.ts';

/**
 * Builds a revision in `.vscode-test/before`. Throws a SetupError where there is none of that name, and where it can be measured neither by its own programs nor
 * by these.
 * @returns {Promise<{ root: string, name: string, isLent: boolean }>} `name`: the beginning of its hash; `isForeign`: measured by these programs
 */
export async function buildBefore(revision) {
  const commit = git(root, 'rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`);
  const name = commit.slice(0, 7);
  const folder = join(cacheFolder, 'before', commit);
  checkOut(folder, commit);
  await installPackages(folder);
  const isForeign = !existsSync(join(folder, newest));
  if (isForeign) copyPrograms(folder);
  say('before', `${name}, building …`);
  try {
    await run(process.execPath, ['scripts/build.mjs', '--bench'], { cwd: folder, env: withoutNpm(process.env) });
  } catch (error) {
    if (!isForeign) throw error;
    throw new SetupError(
      `${revision} has no programs that measure these parts, and those of this revision do not fit it.\n${error.message}`,
    );
  }
  return { root: folder, name, isForeign };
}

function checkOut(folder, commit) {
  if (existsSync(join(folder, '.git'))) {
    // What was lent to it the last time goes.
    git(folder, 'checkout', '--quiet', '--force', '--detach', commit);
    git(folder, 'clean', '--quiet', '--force', '-d');
    return;
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(cacheFolder, 'before'), { recursive: true });
  git(root, 'worktree', 'prune');
  git(root, 'worktree', 'add', '--quiet', '--detach', folder, commit);
}

async function installPackages(folder) {
  if (existsSync(join(folder, 'node_modules'))) return;
  const [ours, theirs] = [root, folder].map((place) => readFileSync(join(place, 'package-lock.json'), 'utf8'));
  if (ours === theirs) {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
    return;
  }
  say('before', 'installing its dependencies …');
  await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

function copyPrograms(folder) {
  for (const place of measuring) {
    rmSync(join(folder, place), { recursive: true, force: true });
    cpSync(join(root, place), join(folder, place), { recursive: true });
  }
}

function git(folder, ...args) {
  try {
    return execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    throw new SetupError(`git ${args.join(' ')} failed: ${(error.stderr || error.message).trim()}`);
  }
}
