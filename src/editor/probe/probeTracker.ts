/**
 * Which stretch of the current session's document is the probe: the selection, or else the text from the first visible line on, or,
 * where the cursor stands farther down on the screen, the text before the cursor.
 *
 * Scrolling alone does not move it: someone who scrolls to read on, or to find the token the panel names, would have the heatmap
 * change under the eyes, and two training steps could no longer be compared. Where the caret goes next, the probe follows.
 */
import * as vscode from 'vscode';
import { probeTokens } from '../chosenSettings';
import type { RunRegistry } from '../runs/runRegistry';
import { settingsFor } from '../settings';
import { debounced } from '../timing';
import { fewestTokens, probeText, startOfLast, unitsFor, type ProbeText } from './probeText';

export interface Probe extends ProbeText {
  readonly document: vscode.Uri;
  /** Whether someone selected it, or it is just what can be seen. */
  readonly isSelected: boolean;
}

/** Milliseconds of rest before selection and text are read again. */
const rest = 150;

export class ProbeTracker implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly edited = new vscode.EventEmitter<void>();
  private readonly follow = debounced(() => this.update(), rest);
  private readonly listeners: vscode.Disposable;
  private probe: Probe | undefined;

  /** Another text, or another place for it. */
  readonly onDidChange = this.changed.event;
  /** The probe's text is being edited: what is known of it no longer holds. */
  readonly onDidEdit = this.edited.event;

  constructor(private readonly registry: RunRegistry) {
    this.listeners = vscode.Disposable.from(
      registry.onDidChangeCurrent(() => this.update()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (this.isFollowed(textEditor.document)) this.follow();
      }),
      vscode.workspace.onDidChangeTextDocument((change) => this.textChanged(change)),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        if (!this.probe) this.follow();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (!change.affectsConfiguration('backflow.probe')) return;
        this.probe = undefined;
        this.update();
      }),
    );
  }

  get current(): Probe | undefined {
    return this.probe;
  }

  /** Reads selection and text again, at once. */
  update(): void {
    const next = this.read();
    const { probe } = this;
    this.probe = next;
    if (next?.text !== probe?.text || next?.startOffset !== probe?.startOffset || next?.document.toString() !== probe?.document.toString()) {
      this.changed.fire();
    }
  }

  dispose(): void {
    this.listeners.dispose();
    this.follow.dispose();
    this.changed.dispose();
    this.edited.dispose();
  }

  private isFollowed(document: vscode.TextDocument): boolean {
    return document.uri.toString() === this.registry.current?.document?.toString();
  }

  private textChanged({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0 || !this.isFollowed(document)) return;
    const { probe } = this;
    const end = probe ? probe.startOffset + probe.text.length : Infinity;
    // What is written behind the probe changes nothing of it.
    if (contentChanges.every(({ rangeOffset }) => rangeOffset >= end)) return;
    // The places of its tokens are no longer known, so nothing is to use it.
    this.probe = undefined;
    this.edited.fire();
    this.follow();
  }

  private read(): Probe | undefined {
    const uri = this.registry.current?.document;
    if (!uri) return undefined;
    const editor = editorOf(uri);
    if (!editor) return this.probe?.document.toString() === uri.toString() ? this.probe : undefined;
    const tokens = probeTokens(settingsFor(uri)) + 1;
    return selectedProbe(editor, tokens) ?? this.keptProbe(editor, tokens) ?? visibleProbe(editor, tokens);
  }

  /** The probe there is, when the caret is still in it: a click on one of its tokens is no wish for another. */
  private keptProbe(editor: vscode.TextEditor, tokens: number): Probe | undefined {
    const { probe } = this;
    if (!probe || probe.isSelected || probe.document.toString() !== editor.document.uri.toString()) return undefined;
    if (probe.offsets.length > tokens + 1) return undefined;
    return holds(probe, editor.document.offsetAt(editor.selection.active)) ? probe : undefined;
  }
}

/** The selection of an editor, or else what is visible; undefined where that is too little to look at. */
export function probeIn(editor: vscode.TextEditor): Probe | undefined {
  const tokens = probeTokens(settingsFor(editor.document.uri)) + 1;
  return selectedProbe(editor, tokens) ?? visibleProbe(editor, tokens);
}

/** A visible editor of the document, the active one first. */
export function editorOf(document: vscode.Uri): vscode.TextEditor | undefined {
  const shows = (editor: vscode.TextEditor | undefined) => editor?.document.uri.toString() === document.toString();
  const active = vscode.window.activeTextEditor;
  return shows(active) ? active : vscode.window.visibleTextEditors.find(shows);
}

function selectedProbe({ document, selection }: vscode.TextEditor, tokens: number): Probe | undefined {
  if (selection.isEmpty) return undefined;
  const startOffset = document.offsetAt(selection.start);
  const end = Math.min(document.offsetAt(selection.end), startOffset + unitsFor(tokens));
  const text = document.getText(new vscode.Range(selection.start, document.positionAt(end)));
  const probe = probeText(text, startOffset, selection.start, tokens);
  return probe && { ...probe, document: document.uri, isSelected: true };
}

function visibleProbe({ document, selection, visibleRanges }: vscode.TextEditor, tokens: number): Probe | undefined {
  const firstVisible = visibleRanges.length > 0 ? visibleRanges[0].start.with({ character: 0 }) : new vscode.Position(0, 0);
  const end = document.lineAt(document.lineCount - 1).range.end;
  const at = (start: vscode.Position) => {
    const startOffset = document.offsetAt(start);
    const text = document.getText(new vscode.Range(start, document.positionAt(startOffset + unitsFor(tokens))));
    return probeText(text, startOffset, start, tokens);
  };
  let probe = at(firstVisible);
  if (probe && isSeen(selection.active, visibleRanges) && !holds(probe, document.offsetAt(selection.active))) {
    const cursor = document.offsetAt(selection.active);
    // Some room behind it, so that the next tokens are in the same probe.
    const before = Math.floor((tokens * 7) / 8);
    const text = document.getText(new vscode.Range(document.positionAt(Math.max(0, cursor - unitsFor(before))), selection.active));
    probe = at(document.positionAt(cursor - text.length + startOfLast(text, before))) ?? probe;
  }
  if (!probe) {
    // The last line holds too little to look at: the end of the text, then.
    const endOffset = document.offsetAt(end);
    const from = Math.max(0, endOffset - unitsFor(tokens));
    const tail = document.getText(new vscode.Range(document.positionAt(from), end));
    probe = at(document.positionAt(from + startOfLast(tail, tokens)));
  }
  return probe && probe.offsets.length > fewestTokens ? { ...probe, document: document.uri, isSelected: false } : undefined;
}

/** Whether a cursor at this offset is in it, or right behind it. */
function holds({ startOffset, text }: ProbeText, offset: number): boolean {
  return offset >= startOffset && offset <= startOffset + text.length;
}

function isSeen(place: vscode.Position, visibleRanges: readonly vscode.Range[]): boolean {
  return visibleRanges.some((range) => range.contains(place));
}
