/** Export Model…: the current model for other tools, as an ONNX graph or as weights under PyTorch's names. */
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { RunSession } from '../runs/runSession';
import { localize, localizeMessage } from '../localize';

/** @throws RpcError when it cannot be written */
export async function exportModel(session: RunSession | undefined): Promise<void> {
  if (!session?.isAlive) {
    void vscode.window.showInformationMessage(localize('exportModel.needsModel'));
    return;
  }
  const { folder } = session.description;
  const name = basename(folder, extname(folder));
  const file = await vscode.window.showSaveDialog({
    title: localize('exportModel.title'),
    defaultUri: vscode.Uri.file(join(dirname(folder), `${name}.onnx`)),
    filters: { ONNX: ['onnx'], safetensors: ['safetensors'] },
  });
  if (!file) return;
  const notices = await session.exportModel(file.fsPath);
  void vscode.window.setStatusBarMessage(localize('exportModel.done', basename(file.fsPath)), 5000);
  if (notices.length > 0) void vscode.window.showInformationMessage(notices.map(localizeMessage).join(' '));
}
