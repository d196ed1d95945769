/** Taking away what the panel shows: the reader chooses what and where, the page makes it, the file is written here. */
import * as vscode from 'vscode';
import {
  exportFormats,
  type ExportFormat,
  type ExportKind,
  type ExportOffer,
  type FromPage,
} from '../../pageContract/messages';
import type { Notices } from '../notices';
import type { Panel } from './panel';
import { localize } from '../localize';

interface Choice extends vscode.QuickPickItem {
  readonly id: string;
  readonly format: ExportFormat;
}

export class PanelExports implements vscode.Disposable {
  private readonly listener: vscode.Disposable;
  /** A file that was asked for; the page may not save another. */
  private awaited: { readonly id: string; readonly format: ExportFormat } | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly notices: Notices,
  ) {
    this.listener = panel.onDidReceive((message) => {
      if (message.type === 'offer') void this.notices.guard(() => this.choose(message.items));
      if (message.type === 'save') void this.notices.guard(() => this.save(message));
    });
  }

  /** Asks the page what of this kind it shows; its answer opens the choice. */
  begin(kind: ExportKind): void {
    if (!this.panel.post({ type: 'offerExports', kind }))
      void vscode.window.showInformationMessage(localize('export.needsPanel'));
  }

  dispose(): void {
    this.listener.dispose();
  }

  private async choose(items: readonly ExportOffer[]): Promise<void> {
    const choices = items.flatMap(({ id, kind, title }) =>
      exportFormats[kind].map((format): Choice => ({ label: title, description: format.toUpperCase(), id, format })),
    );
    if (choices.length === 0) {
      void vscode.window.showInformationMessage(localize('export.nothingYet'));
      return;
    }
    const chosen =
      choices.length === 1
        ? choices[0]
        : await vscode.window.showQuickPick(choices, {
            placeHolder: localize('export.placeholder'),
            matchOnDescription: true,
          });
    if (!chosen) return;
    this.awaited = { id: chosen.id, format: chosen.format };
    this.panel.post({ type: 'export', id: chosen.id, format: chosen.format });
  }

  private async save({ name, format, data }: Extract<FromPage, { type: 'save' }>): Promise<void> {
    if (this.awaited?.format !== format) return;
    this.awaited = null;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const file = `${name}.${format}`;
    const target = await vscode.window.showSaveDialog({
      ...(folder && { defaultUri: vscode.Uri.joinPath(folder, file) }),
      filters: { [format.toUpperCase()]: [format] },
      title: localize('export.title'),
    });
    if (!target) return;
    try {
      await vscode.workspace.fs.writeFile(target, typeof data === 'string' ? new TextEncoder().encode(data) : data);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(localize('export.failed', target.fsPath, reason));
      return;
    }
    const open = localize('button.open');
    const answer = await vscode.window.showInformationMessage(
      localize('export.done', vscode.workspace.asRelativePath(target)),
      open,
    );
    if (answer === open)
      await (format === 'html'
        ? vscode.env.openExternal(target)
        : vscode.commands.executeCommand('vscode.open', target));
  }
}
