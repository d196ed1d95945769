/** The panel after a window reload: it comes back with the run it showed, at its last checkpoint. */
import * as vscode from 'vscode';
import { parsePanelState } from '../../protocol/parseFromPage';
import type { Notices } from '../notices';
import type { ModelOpener } from '../openModel';
import type { RunRegistry } from '../runs/runRegistry';
import type { Panel } from './panel';

export class PanelRestorer implements vscode.WebviewPanelSerializer {
  constructor(
    private readonly panel: Panel,
    private readonly opener: ModelOpener,
    private readonly registry: RunRegistry,
    private readonly notices: Notices,
  ) {}

  deserializeWebviewPanel(restored: vscode.WebviewPanel, state: unknown): Thenable<void> {
    this.panel.adopt(restored);
    const { runFolder, document } = parsePanelState(state);
    // Not awaited: the editor waits for the panel, and the panel can wait for the model.
    if (runFolder !== null && !this.registry.current) void this.notices.guard(() => this.opener.open(runFolder, document === null ? undefined : vscode.Uri.parse(document)));
    return Promise.resolve();
  }
}
