/**
 * The probe of the current session's document, in the tokens of its model (probeReader.ts says which stretch it is).
 *
 * Scrolling alone does not move it: someone who scrolls to read on, or to find the token the panel names, would have the heatmap
 * change under the eyes, and two training steps could no longer be compared. Where the caret goes next, the probe follows.
 */
import * as vscode from 'vscode';
import type { RunRegistry } from '../runs/runRegistry';
import { isSameUnit } from '../../tokens/tokenUnit';
import { debounced } from '../timing';
import { holds, selectedProbe, tokensIn, visibleProbe, type Probe, type WayOfReading } from './probeReader';
import { tokenCount } from './probeText';

export type { Probe } from './probeReader';

/** Milliseconds of rest before selection and text are read again. */
const rest = 150;
/** UTF-16 units behind a probe which can change where its last word or grapheme cluster ends: “can” in “can’t”. */
const reach = 64;

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
    if (next && probe ? !isSameStretch(next, probe) : next !== probe) this.changed.fire();
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
    const isCutByItself = probe?.unit === 'codePoint' || probe?.unit === 'byte';
    const end = probe ? probe.startOffset + probe.text.length + (isCutByItself ? 0 : reach) : Infinity;
    // What is written behind the probe changes nothing of it.
    if (contentChanges.every(({ rangeOffset }) => rangeOffset >= end)) return;
    // The places of its tokens are no longer known, so nothing is to use it.
    this.probe = undefined;
    this.edited.fire();
    this.follow();
  }

  private read(): Probe | undefined {
    const session = this.registry.current;
    if (!session?.document) return undefined;
    const editor = editorOf(session.document);
    const { unit, split } = session;
    const way = { unit, split };
    if (!editor) return this.probe && isOf(this.probe, session.document, way) ? this.probe : undefined;
    return selectedProbe(editor, way) ?? this.keptProbe(editor, way) ?? visibleProbe(editor, way);
  }

  /** The probe there is, when the caret is still in it: a click on one of its tokens is no wish for another. */
  private keptProbe({ document, selection }: vscode.TextEditor, way: WayOfReading): Probe | undefined {
    const { probe } = this;
    if (!probe || probe.isSelected || !isOf(probe, document.uri, way) || tokenCount(probe) > tokensIn(document))
      return undefined;
    return holds(probe, document.offsetAt(selection.active)) ? probe : undefined;
  }
}

function isOf(probe: Probe, document: vscode.Uri, { unit, split }: WayOfReading): boolean {
  return probe.document.toString() === document.toString() && isSameUnit(probe.unit, unit) && probe.split === split;
}

function isSameStretch(a: Probe, b: Probe): boolean {
  return isOf(a, b.document, b) && a.text === b.text && a.startOffset === b.startOffset;
}

/** A visible editor of the document, the active one first. */
export function editorOf(document: vscode.Uri): vscode.TextEditor | undefined {
  const shows = (editor: vscode.TextEditor | undefined) => editor?.document.uri.toString() === document.toString();
  const active = vscode.window.activeTextEditor;
  return shows(active) ? active : vscode.window.visibleTextEditors.find(shows);
}
