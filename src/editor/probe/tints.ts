/** The probe's tokens tinted by their gradient, in every editor that shows them, and the regions in the overview ruler. */
import * as vscode from 'vscode';
import type { RunRegistry } from '../runs/runRegistry';
import { throttled } from '../timing';
import { editorOf, type Probe, type ProbeTracker } from './probeTracker';
import { isProbeOf } from './probeText';
import { levelsPerSide, regionLevel, tintRuns, type Tint, type TintKind } from './tintLevels';

/** Milliseconds between two drawings. */
const pace = 250;

export class Tints implements vscode.Disposable {
  /** Made once: a decoration type is a style sheet. */
  private readonly types: ReadonlyMap<string, vscode.TextEditorDecorationType>;
  private readonly draw = throttled(() => this.drawNow(), pace);
  private readonly listeners: vscode.Disposable;
  private tinted: vscode.TextEditor[] = [];

  constructor(
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
  ) {
    this.types = new Map(allTints().map((tint) => [keyOf(tint), decorationType(tint)]));
    this.listeners = vscode.Disposable.from(
      registry.onDidReceiveFrame(() => this.draw()),
      registry.onDidChangeCurrent(() => this.drawNow()),
      tracker.onDidEdit(() => this.clear()),
      tracker.onDidChange(() => this.drawNow()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.draw()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.tint')) this.drawNow();
      }),
    );
  }

  /** Whether tints are on and there is a text to be seen that they would stand in. */
  get areShown(): boolean {
    const probe = this.tracker.current;
    return probe !== undefined && areEnabled(probe.document) && editorOf(probe.document) !== undefined;
  }

  dispose(): void {
    this.listeners.dispose();
    this.draw.dispose();
    for (const type of this.types.values()) type.dispose();
  }

  private drawNow(): void {
    const probe = this.tracker.current;
    const frame = this.registry.current?.lastFrame;
    // A frame of another text says nothing about this one.
    if (!probe || !frame || !isProbeOf(probe, frame.header.tokens) || !areEnabled(probe.document)) {
      this.clear();
      return;
    }
    const ranges = new Map<string, vscode.Range[]>([...this.types.keys()].map((key) => [key, []]));
    for (const run of tintRuns(frame)) ranges.get(keyOf(run))?.push(rangeOf(probe, run.from, run.to));
    const editors = vscode.window.visibleTextEditors.filter(({ document }) => document.uri.toString() === probe.document.toString());
    this.clearAllBut(editors);
    for (const editor of editors) {
      for (const [key, type] of this.types) editor.setDecorations(type, ranges.get(key) ?? []);
    }
    this.tinted = editors;
  }

  private clear(): void {
    this.clearAllBut([]);
    this.tinted = [];
  }

  private clearAllBut(kept: readonly vscode.TextEditor[]): void {
    for (const editor of this.tinted) {
      if (kept.includes(editor)) continue;
      for (const type of this.types.values()) editor.setDecorations(type, []);
    }
  }
}

/** Where tokens `from` to before `to` stand in the document. */
export function rangeOf(probe: Probe, from: number, to: number): vscode.Range {
  const [start, end] = [probe.places[from], probe.places[to]];
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

function areEnabled(document: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration('backflow', document).get('tint.enabled', true);
}

function allTints(): Tint[] {
  const side = (kind: TintKind) => Array.from({ length: levelsPerSide }, (_, index) => ({ kind, level: index + 1 }));
  return [...side('vanishing'), ...side('exploding'), { kind: 'zero', level: 1 }];
}

function keyOf({ kind, level }: Tint): string {
  return `${kind}.level${level}`;
}

function decorationType(tint: Tint): vscode.TextEditorDecorationType {
  const isRegion = tint.kind === 'zero' || tint.level >= regionLevel;
  const ruler = tint.kind === 'exploding' ? 'backflow.exploding.overviewRuler' : 'backflow.vanishing.overviewRuler';
  return vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor(`backflow.${keyOf(tint)}`),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    ...(isRegion && { overviewRulerColor: new vscode.ThemeColor(ruler), overviewRulerLane: vscode.OverviewRulerLane.Right }),
  });
}
