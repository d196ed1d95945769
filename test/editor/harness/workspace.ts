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

/** Name → content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface WorkspaceOptions {
  readonly theme?: Theme;
  /** Beside the usual ones of a test. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Makes a folder with these files and settings. */
export function makeWorkspace(files: Files, options: WorkspaceOptions = {}): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-editor-'));
  mkdirSync(join(folder, '.vscode'));
  const workspace = { folder, remove: () => removeFolder(folder) };
  fillWorkspace(workspace, files, options);
  return workspace;
}

/** Writes files into a folder, and settings in place of those it has. */
export function fillWorkspace(
  { folder }: Workspace,
  files: Files,
  { theme = 'dark', settings = {} }: WorkspaceOptions,
): void {
  const chosen = {
    ...plainWindow,
    'workbench.colorTheme': colorThemes[theme],
    ...settings,
  };
  writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(chosen, null, 2));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** Changes some of a folder's settings, as a person does who edits the file. A window on the folder has them a moment later: see `EditorWindow.changeSettings`. */
export function writeSettings(folder: string, changed: Readonly<Record<string, unknown>>): void {
  const file = join(folder, '.vscode/settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...settings, ...changed }, null, 2));
}
