// Settings of a folder that leave its window to the text and the panel.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const settings = new URL('plainWindow.json', import.meta.url);

/** Gives a folder these settings, unless it has some. */
export function makeWindowPlain(folder) {
  const file = join(folder, '.vscode/settings.json');
  if (existsSync(file)) return;
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(file, readFileSync(settings));
}
