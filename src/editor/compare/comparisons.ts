/** The comparison's panel: at most one comparison, and the truncations that were asked for last. Closing it ends what they started. */
import * as vscode from 'vscode';
import { parseCompared } from '../../pageContract/parseFromPage';
import type { TruncationReport } from '../../protocol/truncation';
import type { ModelOpener } from '../models/openModel';
import type { Notices } from '../notices';
import { tokenCount } from '../probe/probeText';
import type { ProbeTracker } from '../probe/probeTracker';
import { titleOf } from '../runs/runTree';
import { refusalOf } from './comparable';
import { Comparison, type Compared, type ComparisonParts } from './comparison';
import { localize, localizeMessage } from '../localize';

export class Comparisons implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private comparison: Comparison | null = null;
  private truncations: { readonly title: string; readonly report: TruncationReport } | null = null;

  constructor(
    private readonly parts: ComparisonParts,
    private readonly opener: ModelOpener,
    private readonly tracker: ProbeTracker,
    private readonly notices: Notices,
  ) {
    const { panel } = parts;
    this.listeners = vscode.Disposable.from(
      panel.onDidClose(() => void this.notices.guard(() => this.end())),
      panel.onDidReceive((message) => {
        if (message.type === 'ready') this.showTruncations();
        if (message.type === 'truncations') void this.notices.guard(() => this.compareTruncations());
      }),
    );
  }

  /** Shows these sessions together; the comparison before is ended first. Those that read by different tokens have no common columns, and are refused. */
  async compare(title: string, compared: readonly Compared[], document: vscode.Uri): Promise<void> {
    const models = compared.map(({ session: { description, unit, graph } }) => ({
      name: description.name,
      unit,
      graph,
    }));
    const refusal = refusalOf(models);
    if (refusal !== null) {
      for (const { session, isOwn } of compared) if (isOwn) session.dispose();
      void vscode.window.showWarningMessage(localizeMessage(refusal));
      return;
    }
    const before = this.comparison;
    const { registry, panel } = this.parts;
    for (const { session } of compared) if (!registry.all.includes(session)) registry.join(session);
    this.comparison = new Comparison(this.parts, title, compared, document);
    panel.show();
    this.comparison.show();
    await before?.close();
  }

  /** The gradient of the probe for several k2, with the current model. */
  async compareTruncations(): Promise<void> {
    const session = this.parts.registry.current;
    const probe = this.tracker.current;
    if (!session?.isAlive || !probe) {
      void vscode.window.showInformationMessage(localize('compare.truncations.needsModel'));
      return;
    }
    const steps = tokenCount(probe) - 1;
    const k2 = [1, 2, 4, 8, 16, 32, 64, 128].filter((length) => length < steps);
    const report = await session.ask('truncations', { text: probe.text, k2 });
    this.truncations = { title: titleOf(session.description.corpus.name, session.description.name), report };
    this.parts.panel.show();
    if (!this.comparison) this.parts.panel.setTitle(localize('tab.truncations'));
    this.showTruncations();
  }

  /** After a window reload: the same runs, at their last checkpoints. */
  deserializeWebviewPanel(restored: vscode.WebviewPanel, state: unknown): Thenable<void> {
    const paths = parseCompared(state);
    if (paths.length === 0) restored.dispose();
    else {
      this.parts.panel.adopt(restored);
      void this.notices.guard(() => this.reopen(paths));
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.comparison?.dispose();
    this.listeners.dispose();
  }

  private async reopen(paths: readonly string[]): Promise<void> {
    const compared: Compared[] = [];
    for (const path of paths) {
      const live = this.parts.registry.find(path);
      const session = live ?? (await this.opener.begin(path, undefined));
      if (session) compared.push({ session, isOwn: !live });
    }
    const corpus = compared.map(({ session }) => session.description.corpus.path).find((path) => path !== null);
    const document = corpus === undefined ? vscode.window.activeTextEditor?.document.uri : vscode.Uri.file(corpus);
    if (compared.length > 0 && document) await this.compare(localize('compare.restored.title'), compared, document);
  }

  private showTruncations(): void {
    if (this.truncations) this.parts.panel.post({ type: 'truncations', ...this.truncations });
  }

  private async end(): Promise<void> {
    const { comparison } = this;
    this.comparison = this.truncations = null;
    await comparison?.close();
  }
}
