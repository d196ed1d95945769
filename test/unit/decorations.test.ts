/** Each setting of decorations is a message to the window: what is told, and what is not. */
import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { Decorations } from '../../src/editor/probe/decorations';

/** An editor that keeps what it is told. */
class FakeEditor {
  readonly told: string[] = [];

  setDecorations(type: unknown, options: readonly unknown[]): void {
    this.told.push(`${String(type)} × ${options.length}`);
  }
}

describe('decorations', () => {
  const editors = () => Array.from({ length: 2 }, () => new FakeEditor());
  const as = (editor: FakeEditor) => editor as unknown as vscode.TextEditor;
  const typed = (name: string) => name as unknown as vscode.TextEditorDecorationType;
  const ranges = (count: number) => new Array<unknown>(count).fill({}) as vscode.Range[];

  it('of a type that stands nowhere and is to stand nowhere are not told', () => {
    const [editor] = editors();
    const decorations = new Decorations();
    for (const level of ['1', '2', '3', '4']) decorations.set(as(editor), typed(level), level === '2' ? ranges(3) : []);
    assert.deepEqual(editor.told, ['2 × 3']);
    for (const level of ['1', '2', '3', '4']) decorations.set(as(editor), typed(level), level === '3' ? ranges(1) : []);
    assert.deepEqual(editor.told.slice(1), ['2 × 0', '3 × 1']);
  });

  it('are taken away once, only where they stand, and only from the editors that are not kept', () => {
    const [kept, left] = editors();
    const decorations = new Decorations();
    for (const editor of [kept, left])
      for (const level of ['1', '2']) decorations.set(as(editor), typed(level), ranges(1));
    decorations.clearAllBut([as(kept)]);
    decorations.clearAllBut([as(kept)]);
    assert.deepEqual(left.told.slice(2), ['1 × 0', '2 × 0']);
    assert.equal(kept.told.length, 2);
    decorations.clearAllBut([]);
    assert.deepEqual(kept.told.slice(2), ['1 × 0', '2 × 0']);
  });
});
