/** The comparison's panel: at most one comparison, and the truncations that were asked for last. Closing it ends what they started. */
import * as vscode from 'vscode';
import { parseCompared, type KeptComparison } from '../../pageContract/parseFromPage';
import type { TruncationReport } from '../../protocol/truncation';
import type { ModelOpener } from '../models/openModel';
import type { Notices } from '../notices';
import { tokenCount } from '../probe/probeText';
import type { ProbeTracker } from '../probe/probeTracker';
import { titleOf } from '../runs/runTree';
import { refusalOf } from './comparable';
import { Comparison, type Compared, type ComparisonParts } from './comparison';
import { areRecordings, endOwn, openCompared } from './openCompared';
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

  /**
   * Shows these sessions together; the comparison before is ended first. Those that read by different tokens have no common columns, and are refused.
   * @param document the text; null where all are recordings, each of which is then shown on its own tokens  @param column beside the active one unless given
   */
  async compare(
    title: string,
    compared: readonly Compared[],
    document: vscode.Uri | null,
    column?: vscode.ViewColumn,
  ): Promise<void> {
    const models = compared.map(({ session: { description, unit, graph }, change }) => ({
      name: change ?? description.name,
      unit,
      graph,
    }));
    const refusal = refusalOf(models);
    if (refusal !== null) {
      endOwn(compared);
      void vscode.window.showWarningMessage(localizeMessage(refusal));
      return;
    }
    const before = this.comparison;
    const { registry, panel } = this.parts;
    for (const { session } of compared) if (!registry.all.includes(session)) registry.join(session);
    this.comparison = new Comparison(this.parts, title, compared, document);
    panel.show(column);
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
    const kept = parseCompared(state);
    if (kept.runs.length === 0) restored.dispose();
    else {
      this.parts.panel.adopt(restored);
      void this.notices.guard(() => this.reopen(kept));
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.comparison?.dispose();
    this.listeners.dispose();
  }

  private async reopen({ runs, document: kept }: KeptComparison): Promise<void> {
    const compared = await openCompared({ registry: this.parts.registry, opener: this.opener }, runs, undefined);
    const corpus = compared.map(({ session }) => session.description.corpus.path).find((path) => path !== null);
    const active = vscode.window.activeTextEditor?.document.uri;
    // Recordings that were shown on their own tokens are so again.
    const isOnOwn = kept === null && areRecordings(compared);
    const document = corpus !== undefined ? vscode.Uri.file(corpus) : isOnOwn ? null : active;
    if (compared.length > 0 && document !== undefined)
      await this.compare(localize('compare.restored.title'), compared, document);
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
