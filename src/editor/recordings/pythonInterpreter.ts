/** Which Python runs a file: the one that the Python extension has selected for it, else that of the setting, else `python3`. */
import * as vscode from 'vscode';
import { settingsFor } from '../settings';

const extensionId = 'ms-python.python';
const usual = process.platform === 'win32' ? 'python' : 'python3';

/** The part of the Python extension's API that is used; nothing of it is relied on. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: {
      readonly path: string;
    }): Promise<{ readonly executable?: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** A path, or a name that is looked for where programs are. */
export async function interpreterFor(file: vscode.Uri): Promise<string> {
  const setting = settingsFor(file)('python');
  if (typeof setting === 'string' && setting.trim() !== '') return setting.trim();
  return (await ofExtension(file)) ?? usual;
}

/** Undefined where the extension is not installed, has nothing selected, or fails. */
async function ofExtension(file: vscode.Uri): Promise<string | undefined> {
  try {
    const extension = vscode.extensions.getExtension<PythonApi>(extensionId);
    const environments = (await extension?.activate())?.environments;
    if (!environments) return undefined;
    const active = environments.getActiveEnvironmentPath(file);
    const resolved = await environments.resolveEnvironment(active);
    return resolved?.executable?.uri?.fsPath;
  } catch {
    return undefined;
  }
}
