/** What opens a sweep's file, sweep.json: the picture of its folder. Read-only; several can be open. */
import * as vscode from 'vscode';
import { PanelExports } from '../panel/exporting';
import type { HoverPriority } from '../panel/hoverPriority';
import { Panel, sweepPanelType } from '../panel/panel';
import { SweepView, type SweepParts } from './sweepView';

export const sweepEditorType = sweepPanelType;

export class SweepEditor implements vscode.CustomReadonlyEditorProvider {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
    private readonly hoverPriority: HoverPriority,
    private readonly parts: SweepParts,
  ) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, tab: vscode.WebviewPanel): void {
    const panel = new Panel(this.extensionUri, this.log, this.hoverPriority, 'sweep');
    panel.adopt(tab);
    const exports = new PanelExports(panel, this.parts.notices);
    const view = new SweepView(vscode.Uri.joinPath(uri, '..'), panel, this.parts);
    panel.onDidClose(() => {
      for (const part of [view, exports, panel]) part.dispose();
    });
  }
}
