/** Decorations of several types in several editors. Each setting is a message to the window, so nothing is told that changes nothing. */
import type * as vscode from 'vscode';

export class Decorations {
  /** Where something of a type stands now, in words that tell two states apart. */
  private readonly standing = new Map<vscode.TextEditor, Map<vscode.TextEditorDecorationType, string>>();

  /** What stands is known as long as the text is not edited: before that, everything must be cleared. */
  set(editor: vscode.TextEditor, type: vscode.TextEditorDecorationType, options: readonly vscode.Range[] | readonly vscode.DecorationOptions[]): void {
    const types = this.standing.get(editor) ?? new Map<vscode.TextEditorDecorationType, string>();
    const wanted = JSON.stringify(options);
    if (wanted === (types.get(type) ?? '[]')) return;
    editor.setDecorations(type, options);
    if (options.length > 0) types.set(type, wanted);
    else types.delete(type);
    if (types.size > 0) this.standing.set(editor, types);
    else this.standing.delete(editor);
  }

  /** Takes everything away from all editors but these. */
  clearAllBut(kept: readonly vscode.TextEditor[]): void {
    for (const [editor, types] of [...this.standing]) {
      if (!kept.includes(editor)) for (const type of [...types.keys()]) this.set(editor, type, []);
    }
  }
}
