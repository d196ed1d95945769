/** What opens when a model's file is opened: its structure, and what its recurrent matrices do to gradients. Read-only. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import type { EngineProcess } from '../process/engineProcess';
import type { EngineLauncher } from '../runs/runSession';
import type { ModelAnswers } from './modelAnswers';
import { modelHtml, spectrumKey, type ModelDocumentParts } from './modelDocument';
import type { Spectrum } from '../../protocol/model';
import { localize, localizeMessage } from '../localize';

export const modelEditorType = 'backflow.model';

/** Milliseconds that the first page waits for the matrices, so that a small model is shown at once and whole. */
const timeout = 500;

export class ModelEditor implements vscode.CustomReadonlyEditorProvider {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly launch: EngineLauncher,
    private readonly log: vscode.LogOutputChannel,
    private readonly answers: ModelAnswers,
  ) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const view = new ModelView(uri, panel, this.extensionUri, this.launch, this.log, this.answers);
    panel.onDidDispose(() => view.dispose());
    view.read();
  }
}

/** One tab that shows a model's file; it reads it again when the file changes. */
class ModelView implements vscode.Disposable {
  private readonly watcher: vscode.FileSystemWatcher;
  private engine: EngineProcess | null = null;

  constructor(
    private readonly uri: vscode.Uri,
    private readonly panel: vscode.WebviewPanel,
    private readonly extensionUri: vscode.Uri,
    private readonly launch: EngineLauncher,
    private readonly log: vscode.LogOutputChannel,
    private readonly answers: ModelAnswers,
  ) {
    panel.webview.options = {
      enableScripts: false,
      enableCommandUris: ['backflow.inspect', 'backflow.trainFrom'],
      localResourceRoots: [this.media],
    };
    this.watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), basename(uri.path)),
    );
    this.watcher.onDidChange(() => this.read());
    this.watcher.onDidCreate(() => this.read());
  }

  read(): void {
    void this.engine?.close();
    this.engine = null;
    if (this.uri.scheme !== 'file') {
      this.show({ failure: localize('error.model.notOnDisk') });
      return;
    }
    this.show({});
    const engine = this.launch();
    this.engine = engine;
    this.examine(engine)
      .catch((error: unknown) => this.fail(engine, error))
      .finally(() => void engine.close());
  }

  dispose(): void {
    this.watcher.dispose();
    void this.engine?.close();
    this.engine = null;
  }

  private async examine(engine: EngineProcess): Promise<void> {
    const { calls } = engine;
    const { path, architecture } = this.answers.known(this.uri.fsPath);
    const examination = await calls.call('examine', { path, architecture });
    const spectra = new Map<string, Spectrum | null>();
    const timer = setTimeout(() => this.showOf(engine, { examination, spectra }), timeout);
    try {
      for (const [recurrent, { matrices }] of examination.layers.entries()) {
        for (const matrix of matrices.keys())
          spectra.set(spectrumKey(recurrent, matrix), await calls.call('spectrum', { recurrent, matrix }));
      }
    } finally {
      clearTimeout(timer);
    }
    this.showOf(engine, { examination, spectra });
  }

  private fail(engine: EngineProcess, error: unknown): void {
    if (!(error instanceof RpcError)) throw error;
    if (error.code === 'internal') this.log.error(error.message);
    const failure = error.code === 'internal' ? localize('error.unexpected') : localizeMessage(error.sentence);
    this.showOf(engine, { failure });
  }

  /** What an engine has found; nothing when the tab has closed, or reads the file again. */
  private showOf(engine: EngineProcess, parts: Partial<ModelDocumentParts>): void {
    if (engine === this.engine) this.show(parts);
  }

  private show(parts: Partial<ModelDocumentParts>): void {
    const { webview } = this.panel;
    const command = (id: string) => `command:${id}?${encodeURIComponent(JSON.stringify([this.uri.toString()]))}`;
    webview.html = modelHtml({
      name: basename(this.uri.path),
      examination: null,
      failure: null,
      spectra: new Map(),
      links: [
        { href: command('backflow.inspect'), text: localize('modelPage.inspect'), trains: false },
        { href: command('backflow.trainFrom'), text: localize('modelPage.trainFrom'), trains: true },
      ],
      cspSource: webview.cspSource,
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(this.media, 'model.css')).toString(),
      language: vscode.env.language,
      ...parts,
    });
  }

  private get media(): vscode.Uri {
    return vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview');
  }
}
