/** A sweep's folder wherever it lies, as the reader needs it. */
import * as vscode from 'vscode';
import { UserError } from '../../userError';
import { entriesOf } from '../runs/runsFolder';
import type { SweepFiles } from './sweepReader';

export class SweepFolder implements SweepFiles {
  readonly path: string;

  constructor(readonly uri: vscode.Uri) {
    this.path = uri.scheme === 'file' ? uri.fsPath : uri.path;
  }

  async read(path: string, max: number): Promise<string | null> {
    const file = this.of(path);
    try {
      const { size } = await vscode.workspace.fs.stat(file);
      if (size > max) throw new UserError('error.sweep.tooLong', `${this.path}/${path}`, max);
      return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    } catch (error) {
      if (error instanceof UserError) throw error;
      // It has not been written yet, or is gone.
      return null;
    }
  }

  async list(path: string): Promise<readonly string[]> {
    return (await entriesOf(this.of(path))).map(([name]) => name);
  }

  /** @param path relative to the folder */
  of(path: string): vscode.Uri {
    return vscode.Uri.joinPath(this.uri, ...path.split('/'));
  }
}
