// Builds the packages to install. See `usage`.
import { createVSIX } from '@vscode/vsce';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { oneOf, readOptions } from './lib/options.mjs';
import { makePackageFolder } from './lib/packageFolder.mjs';
import { allowedFor, packagePath, platforms, universal } from './lib/packages.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { main, say } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';
import { buildWheel } from './lib/wheel.mjs';

const usage = `npm run package -- [PLATFORM …] [--out FOLDER]

Builds one VSIX for each platform, or for those named, and the recorder's wheel for Python, into FOLDER (packages/).
The platforms are ${platforms.join(', ')}.`;

await main(async () => {
  const options = { out: { type: 'string', default: 'packages' } };
  const given = readOptions({ command: 'npm run package', usage, options, allowPositionals: true });
  if (given === null) return 0;
  const { out, positionals } = given;
  for (const name of positionals) oneOf('package for', name, platforms);
  await installDependencies();
  await buildProject();
  mkdirSync(resolve(root, out), { recursive: true });
  say('recorder', basename(await buildWheel(out)));
  const contents = makePackageFolder();
  try {
    for (const platform of platforms.filter((name) => positionals.length === 0 || positionals.includes(name)))
      await pack(platform, contents, out);
  } finally {
    rmSync(contents, { recursive: true, force: true });
  }
  return 0;
});

async function pack(platform, contents, folder) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const file = packagePath(folder, platform, version);
  const temporary = mkdtempSync(join(tmpdir(), 'backflow-package-'));
  try {
    const ignoreFile = join(temporary, '.vscodeignore');
    writeFileSync(
      ignoreFile,
      `${readFileSync(join(root, '.vscodeignore'), 'utf8')}${allowedFor(platform).join('\n')}\n`,
    );
    const target = platform === universal ? {} : { target: platform };
    // The pictures of README.md are shown where the repository is; the package carries none.
    await createVSIX({
      cwd: contents,
      packagePath: file,
      ignoreFile,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
      ...target,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  say(platform, `${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
