// Does what a newcomer would do first: opens a text and runs "Backflow: Train on This File" with a small LSTM. Every further window on the demo's folder, and
// one that is reloaded, shows the same: the text, and in the panel that run, as its newest checkpoint has it, since only one process can train it.
const { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const vscode = require('vscode');

/** Absolute path of the folder with the samples. A window on any other is left alone. */
const demoFolder = process.env.BACKFLOW_DEMO_FOLDER;
/** A file made by every `npm start`. The first window takes it away, and begins the one run. */
const invitation = process.env.BACKFLOW_DEMO_INVITATION;
/** A file in which that window writes the path of the run's folder. */
const runFile = process.env.BACKFLOW_DEMO_RUN;

/** Milliseconds between two looks for the first checkpoint, which a run writes within half a minute. */
const pace = 500;
/** Milliseconds in which a restored panel has opened its run. */
const longestOpening = 8_000;

exports.activate = async () => {
  const folder = vscode.workspace.workspaceFolders?.[0].uri;
  if (!demoFolder || folder?.fsPath !== vscode.Uri.file(demoFolder).fsPath) return;
  const isFirst = takesInvitation();
  const text = vscode.Uri.joinPath(folder, 'tale.txt');
  // Chat opens in the first window of a profile, before the folder's settings can keep it closed.
  await vscode.commands.executeCommand('workbench.action.closeAuxiliaryBar');
  if (
    isFirst ||
    !tabsShow((input) => input instanceof vscode.TabInputText && input.uri.toString() === text.toString())
  ) {
    await vscode.window.showTextDocument(text, { preview: false, viewColumn: vscode.ViewColumn.One });
  }
  if (isFirst) {
    const run = await vscode.commands.executeCommand('backflow.train', {
      uri: text,
      model: { cell: 'lstm', layers: 1, hiddenSize: 64 },
    });
    if (run) writeFileSync(runFile, run.folder);
    return;
  }
  // A panel that has come back with its window brings its run along, unless the browser had kept the tab and not yet what it showed.
  const hasPanel = tabsShow(
    (input) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('backflow.panel'),
  );
  if (hasPanel && (await bringsRun())) return;
  if (!hasPanel) await vscode.commands.executeCommand('backflow.openPanel');
  const run = await runWithCheckpoint();
  if (run !== undefined) await vscode.commands.executeCommand('backflow.openModel', vscode.Uri.file(run));
};

/** Whether this window is the one that trains. */
function takesInvitation() {
  try {
    rmSync(invitation);
    return true;
  } catch {
    return false;
  }
}

function tabsShow(isWanted) {
  return vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => isWanted(input)));
}

/** Whether a panel that was restored comes to show a model within the time that opening one takes at most. */
async function bringsRun() {
  for (let waited = 0; waited < longestOpening; waited += pace) {
    if (vscode.extensions.getExtension('backflow.backflow')?.exports?.currentModel) return true;
    await wait(pace);
  }
  return false;
}

/** The run's folder once there is a checkpoint in it; undefined if the run is deleted, or this window has got one of its own meanwhile. */
async function runWithCheckpoint() {
  const backflow = vscode.extensions.getExtension('backflow.backflow');
  for (;;) {
    if (backflow?.exports.currentModel) return undefined;
    const run = existsSync(runFile) ? readFileSync(runFile, 'utf8') : '';
    if (run !== '' && !existsSync(run)) return undefined;
    if (run !== '' && hasCheckpoint(run)) return run;
    await wait(pace);
  }
}

function hasCheckpoint(run) {
  const folder = join(run, 'checkpoints');
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.onnx'));
}
