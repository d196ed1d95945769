/** A panel: a web page beside the text, one of each kind. What the first is sent is in panelLink.ts. */
import * as vscode from 'vscode';
import type { FromPage, PageView, ToPage } from '../../pageContract/messages';
import { pageHtml } from '../../pageContract/pageHtml';
import { englishTemplates, pageStringsOf } from '../../messages';
import { parseFromPage } from '../../pageContract/parseFromPage';
import { localizedTemplates } from '../localize';
import type { HoverPriority } from './hoverPriority';

export const panelType = 'backflow.panel';
export const comparePanelType = 'backflow.compare';
export const playgroundPanelType = 'backflow.playground';
/** Of a tab that the editor makes for a sweep's file. */
export const sweepPanelType = 'backflow.sweep';

const panelTypes: Readonly<Record<PageView, string>> = {
  run: panelType,
  compare: comparePanelType,
  playground: playgroundPanelType,
  sweep: sweepPanelType,
};

export class Panel implements vscode.Disposable {
  private readonly received = new vscode.EventEmitter<FromPage>();
  private readonly visibilityChanged = new vscode.EventEmitter<void>();
  private readonly closed = new vscode.EventEmitter<void>();
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;
  private wasVisible = false;
  private lastError = '';
  /** Messages that are held back for a hover. */
  private waiting: ToPage[] = [];
  private readonly listener: { dispose(): void };

  readonly onDidReceive = this.received.event;
  /** The panel has come into view, or gone out of it; out of view its page does not exist. */
  readonly onDidChangeVisibility = this.visibilityChanged.event;
  /** The user has closed it. */
  readonly onDidClose = this.closed.event;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
    private readonly hoverPriority: HoverPriority,
    private readonly view: PageView = 'run',
  ) {
    this.listener = hoverPriority.onDidEnd(() => {
      for (const message of this.waiting.splice(0)) this.send(message);
    });
  }

  get isVisible(): boolean {
    return this.panel?.visible === true;
  }

  get isOpen(): boolean {
    return this.panel !== undefined;
  }

  /** Where it is; undefined while it is not open. */
  get column(): vscode.ViewColumn | undefined {
    return this.panel?.viewColumn;
  }

  close(): void {
    this.panel?.dispose();
  }

  /** Opens the panel beside the text, or in another column, or brings it into view where it is. The keyboard stays in the text. */
  show(column = vscode.ViewColumn.Beside): void {
    if (this.panel) {
      this.panel.reveal(undefined, true);
      return;
    }
    this.adopt(
      vscode.window.createWebviewPanel(panelTypes[this.view], 'Backflow', {
        viewColumn: column,
        preserveFocus: true,
      }),
    );
  }

  /** Takes over a panel that the editor has restored, or has made for a file. */
  adopt(panel: vscode.WebviewPanel): void {
    this.panel?.dispose();
    this.panel = panel;
    this.begin();
    const { webview } = panel;
    const media = vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview');
    webview.options = { enableScripts: true, localResourceRoots: [media] };
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'media', 'icon.svg');
    webview.onDidReceiveMessage((message: unknown) => this.receive(message));
    panel.onDidChangeViewState(() => this.noteVisibility());
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.noteVisibility();
      this.closed.fire();
    });
    webview.html = pageHtml({
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(media, 'page.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(media, 'page.css')).toString(),
      cspSource: webview.cspSource,
      nonce: crypto.randomUUID().replaceAll('-', ''),
      strings: pageStringsOf({ ...englishTemplates(), ...localizedTemplates() }),
      language: vscode.env.language,
      view: this.view,
    });
    this.noteVisibility();
  }

  /** Sends a message to the page, if there is one that listens; while a hover has priority, a little later. */
  post(message: ToPage): boolean {
    if (!this.isReady) return false;
    if (this.hoverPriority.isActive) this.waiting.push(message);
    else this.send(message);
    return true;
  }

  /** Brings it to the front where it is, with the keyboard. */
  reveal(): void {
    this.panel?.reveal();
  }

  /** What the panel's tab says. */
  setTitle(title: string): void {
    if (this.panel && this.panel.title !== title) this.panel.title = title;
  }

  dispose(): void {
    this.listener.dispose();
    this.panel?.dispose();
    this.received.dispose();
    this.visibilityChanged.dispose();
    this.closed.dispose();
  }

  private send(message: ToPage): void {
    void this.panel?.webview.postMessage(message);
  }

  private receive(message: unknown): void {
    const known = parseFromPage(message);
    if (!known) {
      this.log.warn('The panel sent a message that is none:', JSON.stringify(message).slice(0, 500));
      return;
    }
    if (known.type === 'ready') this.isReady = true;
    if (known.type === 'error') this.logError(known.text);
    this.received.fire(known);
  }

  /** An error of drawing can come with every frame; it is written once. */
  private logError(text: string): void {
    if (text !== this.lastError) this.log.error(`[panel] ${text}`);
    this.lastError = text;
  }

  /** There is no page yet, or no longer. */
  private begin(): void {
    this.isReady = false;
    this.waiting = [];
  }

  private noteVisibility(): void {
    // A page that goes out of view is gone, and says "ready" when it has come again.
    if (!this.isVisible) this.begin();
    if (this.wasVisible === this.isVisible) return;
    this.wasVisible = this.isVisible;
    this.visibilityChanged.fire();
  }
}
