/** A folder for an editor to open, with settings that keep everything but the text and the panel out of the picture. */
import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import plainWindow from '../../../scripts/lib/plainWindow.json';
import { removeFolder } from '../../support/removeFolder';

export type Theme = 'dark' | 'light' | 'highContrast';

const colorThemes: Readonly<Record<Theme, string>> = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  highContrast: 'Default High Contrast',
};

export interface Workspace {
  /** Absolute path. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Makes a folder with these files, name → content, and editor settings beside the usual ones of a test. */
export function makeWorkspace(
  files: Readonly<Record<string, string | Uint8Array>>,
  { theme = 'dark', settings = {} }: { theme?: Theme; settings?: Readonly<Record<string, unknown>> } = {},
): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-editor-'));
  mkdirSync(join(folder, '.vscode'));
  const chosen = {
    ...plainWindow,
    'workbench.colorTheme': colorThemes[theme],
    ...settings,
  };
  writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(chosen, null, 2));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return {
    folder,
    remove: () => removeFolder(folder),
  };
}

/** Changes some of a folder's settings, as a person does who edits the file. A window on the folder has them a moment later: see `EditorWindow.changeSettings`. */
export function writeSettings(folder: string, changed: Readonly<Record<string, unknown>>): void {
  const file = join(folder, '.vscode/settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...settings, ...changed }, null, 2));
}
