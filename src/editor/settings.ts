/** The editor's settings, for one document. */
import * as vscode from 'vscode';
import type { SettingReader } from './chosenSettings';

export const section = 'backflow';

export function settingsFor(scope: vscode.Uri | undefined): SettingReader {
  const configuration = vscode.workspace.getConfiguration(section, scope);
  return (name) => configuration.get<unknown>(name);
}

/** Settings, with what a command was given put before them: `{ model: { cell: 'gru' } }` stands for the setting "model.cell". */
export function settingsWith(read: SettingReader, given: Readonly<Record<string, unknown>>): SettingReader {
  return (name) => {
    const [group, key] = name.split('.');
    const values = given[group];
    const value = typeof values === 'object' && values !== null ? (values as Record<string, unknown>)[key] : undefined;
    return value === undefined ? read(name) : value;
  };
}
