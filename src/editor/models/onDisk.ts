/** Models are read by the engine, which knows only this machine's disk. */
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';

/** Of files that can hold a model, without the dot. */
export const modelExtensions = ['onnx', 'safetensors', 'pt', 'pth', 'ckpt', 'bin', 'keras', 'h5', 'hdf5'];

/** The path of a model's file. @throws RpcError with a sentence for a person, where the address is none of a file on the disk */
export function pathOnDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new RpcError('user', { key: 'error.model.notOnDisk', args: [] });
}

/** Where to begin looking for one: the editor's own proposal, unless the workspace lies on no disk. */
export function diskFolder(home: string): { readonly defaultUri?: vscode.Uri } {
  const folder = vscode.workspace.workspaceFolders?.at(0);
  return folder && folder.uri.scheme !== 'file' ? { defaultUri: vscode.Uri.file(home) } : {};
}
