/** The panel after a window reload: it comes back with the run it showed, at its last checkpoint, and on the same text. */
import * as vscode from 'vscode';
import { parsePanelState } from '../../pageContract/parseFromPage';
import type { Notices } from '../notices';
import type { ModelOpener } from '../models/openModel';
import type { ProbeTracker } from '../probe/probeTracker';
import type { RunRegistry } from '../runs/runRegistry';
import type { Panel } from './panel';

/** Where it is remembered which text a run was looked at on: the page knows only files, not unsaved documents. */
const memoryKey = 'backflow.panelText';

interface Memory {
  /** The run's folder, or a model's file. */
  readonly path: string;
  readonly document: string;
}

export class PanelRestorer implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly listener: vscode.Disposable;

  constructor(
    private readonly panel: Panel,
    private readonly opener: ModelOpener,
    private readonly registry: RunRegistry,
    private readonly memory: vscode.Memento,
    private readonly notices: Notices,
    tracker: ProbeTracker,
  ) {
    this.listener = tracker.onDidChange(() => this.remember());
  }

  deserializeWebviewPanel(restored: vscode.WebviewPanel, state: unknown): Thenable<void> {
    this.panel.adopt(restored);
    const { runFolder } = parsePanelState(state);
    // Not awaited: the editor waits for the panel, and the panel can wait for the model.
    if (runFolder !== null && !this.registry.current) {
      void this.notices.guard(async () => this.opener.open(runFolder, await this.recall(runFolder)));
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.listener.dispose();
  }

  private remember(): void {
    const session = this.registry.current;
    if (!session?.document) return;
    const next: Memory = { path: session.description.folder, document: session.document.toString() };
    const known = this.memory.get<Memory>(memoryKey);
    if (known?.path !== next.path || known.document !== next.document) void this.memory.update(memoryKey, next);
  }

  /** The text a run was looked at on, if it can still be opened. */
  private async recall(path: string): Promise<vscode.Uri | undefined> {
    const known = this.memory.get<Memory>(memoryKey);
    if (known?.path !== path) return undefined;
    try {
      return (await vscode.workspace.openTextDocument(vscode.Uri.parse(known.document))).uri;
    } catch {
      return undefined;
    }
  }
}
