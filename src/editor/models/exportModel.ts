/** Export Model…: the current model for other tools, as an ONNX graph or as weights under PyTorch's names. */
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { RunSession } from '../runs/runSession';

/** @throws RpcError when it cannot be written */
export async function exportModel(session: RunSession | undefined): Promise<void> {
  if (!session?.isAlive) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Train or open a model first; then it can be exported.'));
    return;
  }
  const { folder } = session.description;
  const name = basename(folder, extname(folder));
  const file = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Model'),
    defaultUri: vscode.Uri.file(join(dirname(folder), `${name}.onnx`)),
    filters: { ONNX: ['onnx'], safetensors: ['safetensors'] },
  });
  if (!file) return;
  await session.exportModel(file.fsPath);
  void vscode.window.setStatusBarMessage(vscode.l10n.t('Wrote {0}', basename(file.fsPath)), 5000);
}
