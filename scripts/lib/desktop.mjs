// Visual Studio Code on this machine's own screen: the one that is installed, or one downloaded for the project.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { say } from './say.mjs';
import { cacheFolder } from './stamps.mjs';
import { onPath } from './system.mjs';

/** From where @vscode/test-electron downloads. */
const updateServer = 'https://update.code.visualstudio.com/api/releases/stable';

export function hasDisplay() {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/**
 * The program itself behind the command `code`, or undefined. The command is a script that leaves the editor to itself;
 * the program stays a child that can be ended.
 */
export function findDesktopEditor() {
  const command = onPath('code');
  if (command === undefined) return undefined;
  const folder = dirname(realpathSync(command));
  return [
    join(folder, '../code'),
    join(folder, '../Code.exe'),
    join(folder, '../../../MacOS/Electron'),
    join(folder, '../../../MacOS/Code'),
    '/snap/code/current/usr/share/code/code',
  ].find((path) => existsSync(path));
}

export async function canDownloadEditor() {
  try {
    return (await fetch(updateServer, { signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
}

/** Downloads Visual Studio Code, once; returns its program. */
export async function downloadEditor() {
  const { downloadAndUnzipVSCode, SilentReporter } = await import('@vscode/test-electron');
  say('editor', 'Visual Studio Code: looking for a newer one, downloading where needed …');
  const program = await downloadAndUnzipVSCode({ cachePath: cacheFolder, reporter: new SilentReporter() });
  say('editor', `Visual Studio Code: ${program}`);
  return program;
}

/** Arguments that give an editor a profile of its own, so that a person's own windows and extensions stay out of it. */
export function ownProfile(data) {
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [
    `--user-data-dir=${join(data, 'user')}`,
    `--extensions-dir=${join(data, 'extensions')}`,
    '--disable-workspace-trust',
    '--skip-welcome',
    '--skip-release-notes',
    '--disable-updates',
    ...asRoot,
  ];
}
