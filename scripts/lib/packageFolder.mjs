// A folder that holds what the packages choose from and little else. vsce compares every file that it finds with every line of .vscodeignore, and in
// the project it would find the editors in .vscode-test, tens of thousands of files, once for each package.
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, root } from './stamps.mjs';

/** Makes such a folder, for the caller to remove, and returns its path. */
export function makePackageFolder() {
  mkdirSync(cacheFolder, { recursive: true });
  // On the project's disk, where a file can have a second name.
  const folder = mkdtempSync(join(cacheFolder, 'package-'));
  for (const path of [...allowed(), ...dependencies()]) link(join(root, path), join(folder, path));
  return folder;
}

/** The files and folders at the top of the project in which `.vscodeignore` allows anything. */
function allowed() {
  const patterns = readFileSync(join(root, '.vscodeignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1).split('/')[0])
    .map((name) => new RegExp(`^${name.split('*').map(escaped).join('.*')}$`));
  return readdirSync(root).filter((name) => patterns.some((pattern) => pattern.test(name)));
}

function escaped(text) {
  return text.replaceAll(/[^\w]/g, '\\$&');
}

/** The production packages, all of which npm has to find to list any. One inside another comes with it. */
function dependencies() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
    .map(([path]) => path);
}

function link(from, to) {
  if (statSync(from).isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) link(join(from, name), join(to, name));
    return;
  }
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
