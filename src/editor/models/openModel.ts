/** Opening models: a checkpoint's file, a run on disk, or one that is live. */
import { homedir } from 'node:os';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import { backendSettings } from '../chosenSettings';
import type { Panel } from '../panel/panel';
import { editorOf, type ProbeTracker } from '../probe/probeTracker';
import { checkTrusted } from '../runs/workspaceTrust';
import type { PastRun, PastRuns } from '../runs/pastRuns';
import { stepsToGo } from '../runs/runControl';
import type { RunRegistry } from '../runs/runRegistry';
import { stackName } from '../../layers/stackName';
import { nameOfModel, stateName } from '../runs/runTree';
import { RunSession, type EngineLauncher } from '../runs/runSession';
import { settingsFor } from '../settings';
import type { ModelAnswers } from './modelAnswers';
import { modelEditorType } from './modelEditor';
import { diskFolder, modelExtensions, pathOnDisk } from './onDisk';
import { verificationInWords } from './reading';
import { localize, localizeMessage } from '../localize';

/** UTF-16 units of the text that the reading of a model is verified on. */
const maxSampleLength = 100_000;

/** Of a run's folder, and of a recording's. */
const recordName = 'run.json';

export class ModelOpener {
  constructor(
    private readonly launch: EngineLauncher,
    private readonly registry: RunRegistry,
    private readonly pastRuns: PastRuns,
    private readonly tracker: ProbeTracker,
    private readonly panel: Panel,
    readonly answers: ModelAnswers,
  ) {}

  /**
   * Opens a model or a run's folder and shows it on a text: the given one, else the run's corpus, else the active text. Undefined
   * when it lacks something that a person was asked for and did not give.
   * @throws RpcError when the engine refuses
   */
  async open(given: string, document?: vscode.Uri): Promise<RunSession | undefined> {
    // A recording or a run is its folder.
    const path = basename(given) === recordName ? dirname(given) : given;
    const live = this.registry.find(path);
    const active = vscode.window.activeTextEditor?.document.uri;
    const session = live ?? (await this.begin(path, document ?? active));
    if (!session) return undefined;
    if (document) session.document = document;
    // A recording is shown on the tokens that it has read itself.
    if (!session.description.recording) session.document ??= (await showCorpus(session)) ?? active;
    if (live) this.registry.select(live);
    else this.registry.add(session);
    this.tracker.update();
    return session;
  }

  /** Continues a run on disk. @throws RpcError when the engine refuses, or nothing may be written there */
  async resume(run: PastRun): Promise<void> {
    checkTrusted(run.folder, run.name);
    const steps = await stepsToGo(run.name, run.checkpoints.at(0) ?? 0, run.record.steps);
    if (steps === undefined) return;
    const request = { folder: run.folder.fsPath, steps };
    const session = await RunSession.begin(this.launch, { kind: 'resume', request });
    session.document = (await showCorpus(session)) ?? vscode.window.activeTextEditor?.document.uri;
    this.registry.add(session);
    this.panel.show();
  }

  /** Open Model…: asks for a file unless one is given. A model that cannot be inspected is shown as far as it could be read. */
  async openFile(given?: vscode.Uri): Promise<void> {
    const file = given ?? (await askForFile());
    if (!file) return;
    const path = pathOnDisk(file);
    try {
      if (await this.open(path)) this.panel.show();
    } catch (error) {
      if (error instanceof RpcError && error.code === 'user' && basename(path) !== recordName)
        await vscode.commands.executeCommand('vscode.openWith', file, modelEditorType);
      throw error;
    }
  }

  /** Inspect This Text with a Model…: the text in view, with the given model or one to be picked. */
  async inspectText(given?: string): Promise<void> {
    const document = await textInView();
    if (!document) return;
    const path = given ?? (await this.pick());
    if (path === undefined) return;
    if (await this.open(path, document)) this.panel.show();
  }

  /** A session of its own, which nobody knows yet, with a model or a run's newest checkpoint; `document` is what its reading is tried on. */
  async begin(path: string, document: vscode.Uri | undefined): Promise<RunSession | undefined> {
    const { backend, threads } = backendSettings(settingsFor(undefined));
    const title = localize('model.open.progress');
    const text = await sampleOf(document);
    const session = await this.answers.with(path, (model) =>
      Promise.resolve(
        vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
          RunSession.begin(this.launch, {
            kind: 'open',
            request: { ...model, text, allowsGraph: true, backend, threads },
          }),
        ),
      ),
    );
    const verification = session?.reading?.verification;
    if (verification && !verification.agrees)
      void vscode.window.showWarningMessage(
        [verificationInWords(verification), ...session.reading.notices.map(localizeMessage)].join(' '),
      );
    return session;
  }

  /** The path of a live model, of a run on disk, or of a file. */
  private async pick(): Promise<string | undefined> {
    type Item = vscode.QuickPickItem & { path?: string };
    const live = this.registry.all.map(({ description, status }): Item => ({
      label: description.name,
      description: `${nameOfModel(description)} · ${stateName(status.state)}`,
      iconPath: new vscode.ThemeIcon('play-circle'),
      path: description.folder,
    }));
    const runs = (await this.pastRuns.read()).filter(
      ({ folder, checkpoints }) => checkpoints.length > 0 && !this.registry.find(folder.fsPath),
    );
    const past = runs.map(({ name, record, checkpoints, folder }): Item => ({
      label: name,
      description: `${stackName(record.layers)} · ${localize('step.number', checkpoints[0])}`,
      iconPath: new vscode.ThemeIcon('history'),
      path: folder.fsPath,
    }));
    const browse: Item = {
      label: localize('model.choose.file'),
      iconPath: new vscode.ThemeIcon('folder-opened'),
      alwaysShow: true,
    };
    const items = [...live, ...past];
    if (items.length === 0) return pathOfAnswer(await askForFile());
    const separator: Item = { label: '', kind: vscode.QuickPickItemKind.Separator };
    const placeHolder = localize('model.open.placeholder');
    const picked = await vscode.window.showQuickPick([...items, separator, browse], {
      placeHolder,
      matchOnDescription: true,
    });
    return picked === browse ? pathOfAnswer(await askForFile()) : picked?.path;
  }
}

function pathOfAnswer(file: vscode.Uri | undefined): string | undefined {
  return file && pathOnDisk(file);
}

async function askForFile(): Promise<vscode.Uri | undefined> {
  const title = localize('model.open.title');
  const files = await vscode.window.showOpenDialog({
    title,
    openLabel: localize('button.open'),
    ...diskFolder(homedir()),
    filters: { [localize('model.choose.fileFilter')]: modelExtensions },
  });
  return files?.at(0);
}

/** The text of the active editor, else of one in view, else of a file to be chosen. */
export async function textInView(): Promise<vscode.Uri | undefined> {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  const shown = activeTextEditor ?? visibleTextEditors.find(({ document }) => document.uri.scheme !== 'output');
  if (shown) return shown.document.uri;
  const title = localize('model.open.textTitle');
  const [file] = (await vscode.window.showOpenDialog({ title, openLabel: localize('button.open') })) ?? [];
  if (!(file as vscode.Uri | undefined)) return undefined;
  await vscode.window.showTextDocument(file, { viewColumn: vscode.ViewColumn.One, preview: false });
  return file;
}

/** What a model that is opened can be tried on; null where no text is open. */
async function sampleOf(uri: vscode.Uri | undefined): Promise<string | null> {
  if (!uri) return null;
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    return document.getText().slice(0, maxSampleLength);
  } catch {
    // No text, such as a picture: the model is tried on its own symbols.
    return null;
  }
}

/** Brings a run's corpus into view, if it is a file that is still there, and returns it. */
export async function showCorpus({ description }: RunSession): Promise<vscode.Uri | undefined> {
  const { path } = description.corpus;
  if (path === null) return undefined;
  try {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    if (!editorOf(document.uri))
      await vscode.window.showTextDocument(document, {
        viewColumn: vscode.ViewColumn.One,
        preserveFocus: true,
        preview: false,
      });
    return document.uri;
  } catch {
    // The corpus has been moved or deleted since; the model can be looked at on another text.
    return undefined;
  }
}
