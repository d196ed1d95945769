// Builds the packages to install, one VSIX for each platform and a universal one, and the recorder's wheel for Python:
//   npm run package [-- PLATFORM …] [--out FOLDER]      FOLDER is packages/ unless given
import { createVSIX } from '@vscode/vsce';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makePackageFolder } from './lib/packageFolder.mjs';
import { allowedFor, packagePath, platforms, universal } from './lib/packages.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { SetupError, main, say } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';
import { buildWheel } from './lib/wheel.mjs';

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', default: 'packages' } },
  });
  const unknown = positionals.find((name) => !platforms.includes(name));
  if (unknown !== undefined)
    throw new SetupError(`There is no package for "${unknown}"; there are ${platforms.join(', ')}.`);
  await installDependencies();
  await buildProject();
  mkdirSync(resolve(root, values.out), { recursive: true });
  say('recorder', basename(await buildWheel(values.out)));
  const contents = makePackageFolder();
  try {
    for (const platform of platforms.filter((name) => positionals.length === 0 || positionals.includes(name)))
      await pack(platform, contents, values.out);
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
