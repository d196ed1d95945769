/**
 * The target follows the cursor: the loss that is traced back is that of the token the cursor stands on, so it is predicted at the
 * step before. At the beginning of the probe, before which nothing stands, it is the last one. A pinned target stays.
 */
import * as vscode from 'vscode';
import { readsBothWays } from '../../protocol/settings';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { localize } from '../localize';
import type { Probe, ProbeTracker } from './probeTracker';
import { targetAt, tokenCount } from './probeText';
import type { Tints } from './tints';
import type { Watching } from './watching';

/** Milliseconds after which the next target is asked for though the frame of the last has not come. */
const timeout = 100;

export class TargetFollower implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  /** Set while the engine is at a target's frame; cursors move faster than frames are made. */
  private busy: NodeJS.Timeout | undefined;
  private isWaiting = false;

  constructor(
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly watching: Watching,
    private readonly tints: Tints,
  ) {
    this.listeners = vscode.Disposable.from(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.cursorMoved(textEditor)),
      registry.onCurrent(
        ({ onDidReceiveFrame }) => onDidReceiveFrame,
        () => this.free(),
      ),
      registry.onDidChangeCurrent(() => this.free()),
      tracker.onDidChange(() => this.probeChanged()),
    );
  }

  /** Makes a step of the probe the target, to stay when the cursor moves. */
  pin(target: number): void {
    const session = this.registry.current;
    if (!session) return;
    if (session.isOfNumbers) {
      void vscode.window.showInformationMessage(localize('target.ofNumbers'));
      return;
    }
    session.isTargetPinned = true;
    this.setContext(session);
    this.setTarget(session, target);
  }

  /** The target is the token at the cursor from now on. */
  unpin(): void {
    const session = this.registry.current;
    if (!session) return;
    session.isTargetPinned = false;
    this.setContext(session);
    const editor = vscode.window.activeTextEditor;
    if (editor) this.cursorMoved(editor);
  }

  /** The token at the cursor of the active text, in the probe. */
  pinAtCursor(): void {
    const editor = vscode.window.activeTextEditor;
    const probe = this.tracker.current;
    if (!editor || probe?.document.toString() !== editor.document.uri.toString()) return;
    const target = targetAtCursor(editor, probe, this.registry.current);
    this.pin(target === 'last' ? tokenCount(probe) - 2 : target);
  }

  dispose(): void {
    clearTimeout(this.busy);
    this.listeners.dispose();
  }

  private cursorMoved(editor: vscode.TextEditor): void {
    const session = this.registry.current;
    const probe = this.tracker.current;
    // A selection is a probe of its own, soon.
    if (!session || session.isTargetPinned || !probe || !editor.selection.isEmpty) return;
    if (probe.document.toString() !== editor.document.uri.toString()) return;
    this.setTarget(session, targetAtCursor(editor, probe, session));
  }

  private setTarget(session: RunSession, target: number | 'last'): void {
    if (session.target === target) return;
    session.target = target;
    this.tints.expire();
    if (this.busy !== undefined) {
      this.isWaiting = true;
      return;
    }
    this.ask();
  }

  private ask(): void {
    this.isWaiting = false;
    this.watching.update();
    this.busy = setTimeout(() => this.free(), timeout);
  }

  private free(): void {
    clearTimeout(this.busy);
    this.busy = undefined;
    if (this.isWaiting) this.ask();
  }

  /** A chosen target is a place in the text that was; in another one it means nothing. */
  private probeChanged(): void {
    const session = this.registry.current;
    const probe = this.tracker.current;
    if (!session || !probe) return;
    session.isTargetPinned = false;
    this.setContext(session);
    session.target = 'last';
    const editor = vscode.window.activeTextEditor;
    const isHere = editor?.document.uri.toString() === probe.document.toString();
    if (isHere && editor.selection.isEmpty && !probe.isSelected)
      session.target = targetAtCursor(editor, probe, session);
    this.watching.update();
  }

  private setContext({ isTargetPinned }: RunSession): void {
    void vscode.commands.executeCommand('setContext', 'backflow.isTargetPinned', isTargetPinned);
  }
}

function targetAtCursor(
  { document, selection }: vscode.TextEditor,
  probe: Probe,
  session: RunSession | undefined,
): number | 'last' {
  const isReadFromBothEnds = session !== undefined && !session.graph && readsBothWays(session.description.model);
  return targetAt(probe, document.offsetAt(selection.active), isReadFromBothEnds);
}
