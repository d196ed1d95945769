/** One token at a time, marked in the text: the one under the pointer in the panel, or the one just revealed. */
import * as vscode from 'vscode';
import { rangeOf } from './probeReader';
import { tokenCount } from './probeText';
import { editorOf, type Probe, type ProbeTracker } from './probeTracker';

/** Milliseconds a revealed token stays marked. */
const flash = 900;

export class TokenMarks implements vscode.Disposable {
  private readonly pointed = vscode.window.createTextEditorDecorationType({
    outline: '1px solid',
    outlineColor: new vscode.ThemeColor('backflow.mark.border'),
    overviewRulerColor: new vscode.ThemeColor('backflow.mark.border'),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
  private readonly revealed = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.findMatchBackground'),
    outline: '1px solid',
    outlineColor: new vscode.ThemeColor('backflow.mark.border'),
  });
  private readonly listener: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly tracker: ProbeTracker) {
    this.listener = tracker.onDidEdit(() => this.mark(null));
  }

  /** Marks a token of the probe, or none. */
  mark(token: number | null): void {
    this.decorate(this.pointed, token);
  }

  /** Brings a token of the probe into view and marks it for a moment. The keyboard stays where it is. */
  async reveal(token: number): Promise<void> {
    const probe = this.tracker.current;
    if (!probe || token >= tokenCount(probe)) return;
    const range = rangeOf(probe, token, token + 1);
    const editor =
      editorOf(probe.document) ??
      (await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(probe.document), {
        viewColumn: vscode.ViewColumn.One,
        preserveFocus: true,
      }));
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    editor.setDecorations(this.revealed, [range]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => editor.setDecorations(this.revealed, []), flash);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listener.dispose();
    this.pointed.dispose();
    this.revealed.dispose();
  }

  private decorate(type: vscode.TextEditorDecorationType, token: number | null): void {
    const probe = this.tracker.current;
    for (const editor of vscode.window.visibleTextEditors) editor.setDecorations(type, rangesIn(editor, probe, token));
  }
}

function rangesIn(editor: vscode.TextEditor, probe: Probe | undefined, token: number | null): vscode.Range[] {
  if (!probe || token === null || token >= tokenCount(probe)) return [];
  return editor.document.uri.toString() === probe.document.toString() ? [rangeOf(probe, token, token + 1)] : [];
}
