/** A folder for an editor to open, with settings that keep everything but the text and the panel out of the picture. */
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
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
