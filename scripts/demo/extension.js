// Does what a newcomer would do first: opens a text and runs "Backflow: Train on This File" with a small LSTM.
const { rmSync, existsSync } = require('node:fs');
const vscode = require('vscode');

/** A file made by every `npm start`. The first window takes it away, so that reloading that window does not start a second run. */
const invitation = process.env.BACKFLOW_DEMO_INVITATION;

exports.activate = async () => {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined || !invitation || !existsSync(invitation)) return;
  rmSync(invitation);
  const uri = vscode.Uri.joinPath(folder.uri, 'tale.txt');
  // Chat opens in the first window of a profile, before the folder's settings can keep it closed.
  await vscode.commands.executeCommand('workbench.action.closeAuxiliaryBar');
  await vscode.window.showTextDocument(uri, { preview: false, viewColumn: vscode.ViewColumn.One });
  await vscode.commands.executeCommand('backflow.train', { uri, model: { cell: 'lstm', layers: 1, hiddenSize: 64 } });
};
