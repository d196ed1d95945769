/** Decorations of several types in several editors. Each setting is a message to the window, so nothing is sent that changes nothing. */
import type * as vscode from 'vscode';

export class Decorations {
  /** Where something of a type stands now. */
  private readonly standing = new Map<vscode.TextEditor, Set<vscode.TextEditorDecorationType>>();

  set(
    editor: vscode.TextEditor,
    type: vscode.TextEditorDecorationType,
    options: readonly vscode.Range[] | readonly vscode.DecorationOptions[],
  ): void {
    const types = this.standing.get(editor) ?? new Set();
    if (options.length === 0 && !types.has(type)) return;
    editor.setDecorations(type, options);
    if (options.length > 0) types.add(type);
    else types.delete(type);
    if (types.size > 0) this.standing.set(editor, types);
    else this.standing.delete(editor);
  }

  /** Takes everything away from all editors but these. */
  clearAllBut(kept: readonly vscode.TextEditor[]): void {
    for (const [editor, types] of [...this.standing]) {
      if (!kept.includes(editor)) for (const type of [...types]) this.set(editor, type, []);
    }
  }
}
