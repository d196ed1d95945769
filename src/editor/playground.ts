/** The playground: a page of its own, and an engine that lives as long as it is open. */
import * as vscode from 'vscode';
import type { FromPage } from '../pageContract/messages';
import type { PlaygroundSettings } from '../protocol/playground';
import { thresholds } from './chosenSettings';
import type { Notices } from './notices';
import type { Panel } from './panel/panel';
import { frameForPage } from './panel/wholeBuffers';
import type { EngineProcess } from './process/engineProcess';
import type { EngineLauncher } from './runs/runSession';
import { settingsFor } from './settings';
import { localize } from './localize';

export class Playground implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private engine: EngineProcess | null = null;
  /** Ends what is being computed. */
  private underWay: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly launch: EngineLauncher,
    private readonly notices: Notices,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidReceive((message) => this.receive(message)),
      panel.onDidClose(() => void this.endEngine()),
    );
  }

  show(): void {
    this.panel.show();
    this.panel.setTitle(localize('tab.playground'));
  }

  /** After a window reload: the page has kept where its sliders stood. */
  deserializeWebviewPanel(restored: vscode.WebviewPanel): Thenable<void> {
    this.panel.adopt(restored);
    return Promise.resolve();
  }

  dispose(): void {
    this.listeners.dispose();
    void this.endEngine();
  }

  private receive(message: FromPage): void {
    if (message.type === 'playground') void this.notices.guard(() => this.answer(message.id, message.settings));
  }

  /** In place of what was asked before and is not answered: nobody waits for that any longer. */
  private async answer(id: number, settings: PlaygroundSettings): Promise<void> {
    this.underWay?.abort();
    const own = (this.underWay = new AbortController());
    if (!this.engine?.isAlive) this.engine = this.launch();
    try {
      const request = { settings, thresholds: thresholds(settingsFor(undefined)) };
      const { frame, ...found } = await this.engine.calls.call('playground', request, own.signal);
      this.panel.post({ type: 'playground', id, result: { ...found, frame: frameForPage(frame) } });
    } catch (thrown) {
      // The page would wait for ever.
      this.panel.post({ type: 'playground', id, result: null });
      throw thrown;
    }
  }

  private async endEngine(): Promise<void> {
    const { engine } = this;
    this.engine = null;
    await engine?.close();
  }
}
