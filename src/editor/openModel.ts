/** Opening models: a checkpoint's file, a run on disk, or one that is live. */
import * as vscode from 'vscode';
import { trainingSettings } from './chosenSettings';
import type { Panel } from './panel/panel';
import { editorOf, type ProbeTracker } from './probe/probeTracker';
import type { PastRun, PastRuns } from './runs/pastRuns';
import type { RunRegistry } from './runs/runRegistry';
import { modelName, stateName } from './runs/runTree';
import { RunSession, type EngineLauncher } from './runs/runSession';
import { settingsFor } from './settings';

export class ModelOpener {
  constructor(
    private readonly launch: EngineLauncher,
    private readonly registry: RunRegistry,
    private readonly pastRuns: PastRuns,
    private readonly tracker: ProbeTracker,
    private readonly panel: Panel,
  ) {}

  /**
   * Opens a checkpoint or a run's folder and shows it on a text: the given one, else the run's corpus, else the active text.
   * @throws RpcError when the engine refuses
   */
  async open(path: string, document?: vscode.Uri): Promise<RunSession> {
    const live = this.registry.find(path);
    const session = live ?? (await this.begin(path));
    if (document) session.document = document;
    session.document ??= (await showCorpus(session)) ?? vscode.window.activeTextEditor?.document.uri;
    if (live) this.registry.select(live);
    else this.registry.add(session);
    this.tracker.update();
    return session;
  }

  /** Goes on with a run on disk. */
  async resume(run: PastRun): Promise<void> {
    const request = { folder: run.folder.fsPath, steps: null };
    const session = await RunSession.begin(this.launch, { kind: 'resume', request });
    session.document = (await showCorpus(session)) ?? vscode.window.activeTextEditor?.document.uri;
    this.registry.add(session);
    this.panel.show();
  }

  /** Open Model…: asks for a file unless one is given. */
  async openFile(given?: vscode.Uri): Promise<void> {
    const file = given ?? (await askForFile());
    if (!file) return;
    await this.open(file.fsPath);
    this.panel.show();
  }

  /** Inspect This Text with a Model…: the active text, with a model to be picked. */
  async inspectActiveText(): Promise<void> {
    const document = vscode.window.activeTextEditor?.document.uri;
    if (!document) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Open a text to inspect it.'));
      return;
    }
    const path = await this.pick();
    if (path === undefined) return;
    await this.open(path, document);
    this.panel.show();
  }

  private begin(path: string): Promise<RunSession> {
    const { backend, threads } = trainingSettings(settingsFor(undefined));
    const title = vscode.l10n.t('Backflow: opening the model');
    return Promise.resolve(
      vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
        RunSession.begin(this.launch, { kind: 'open', request: { path, vocabulary: null, text: null, architecture: { activation: null }, backend, threads } }),
      ),
    );
  }

  /** The path of a live model, of a run on disk, or of a file. */
  private async pick(): Promise<string | undefined> {
    type Item = vscode.QuickPickItem & { path?: string };
    const live = this.registry.all.map(({ description, status }): Item => ({
      label: description.name,
      description: `${modelName(description.model)} · ${stateName(status.state)}`,
      iconPath: new vscode.ThemeIcon('play-circle'),
      path: description.folder,
    }));
    const runs = (await this.pastRuns.read()).filter(({ folder, checkpoints }) => checkpoints.length > 0 && !this.registry.find(folder.fsPath));
    const past = runs.map(({ name, record, checkpoints, folder }): Item => ({
      label: name,
      description: `${modelName(record)} · ${vscode.l10n.t('step {0}', checkpoints[0])}`,
      iconPath: new vscode.ThemeIcon('history'),
      path: folder.fsPath,
    }));
    const browse: Item = { label: vscode.l10n.t('Choose a model file (.onnx)…'), iconPath: new vscode.ThemeIcon('folder-opened'), alwaysShow: true };
    const items = [...live, ...past];
    if (items.length === 0) return (await askForFile())?.fsPath;
    const separator: Item = { label: '', kind: vscode.QuickPickItemKind.Separator };
    const placeHolder = vscode.l10n.t('The model to inspect the text with');
    const picked = await vscode.window.showQuickPick([...items, separator, browse], { placeHolder, matchOnDescription: true });
    return picked === browse ? (await askForFile())?.fsPath : picked?.path;
  }
}

async function askForFile(): Promise<vscode.Uri | undefined> {
  const title = vscode.l10n.t('Open Model');
  const files = await vscode.window.showOpenDialog({ title, openLabel: vscode.l10n.t('Open'), filters: { ONNX: ['onnx'] } });
  return files?.at(0);
}

/** Brings a run's corpus into view, if it is a file that is still there, and returns it. */
async function showCorpus({ description }: RunSession): Promise<vscode.Uri | undefined> {
  const { path } = description.corpus;
  if (path === null) return undefined;
  try {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    if (!editorOf(document.uri)) await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One, preserveFocus: true, preview: false });
    return document.uri;
  } catch {
    // The corpus has been moved or deleted since; the model can be looked at on another text.
    return undefined;
  }
}
