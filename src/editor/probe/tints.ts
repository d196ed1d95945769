/**
 * The probe's tokens tinted in every editor that shows them; the regions of the gradient in the overview ruler, and written at the end of the
 * line where the way back is lost. What is shown always belongs to the text, the target and the quantity of now: else nothing is.
 */
import * as vscode from 'vscode';
import type { Frame } from '../../protocol/frame';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { throttled } from '../timing';
import { Decorations } from './decorations';
import { editorOf, type Probe, type ProbeTracker } from './probeTracker';
import { rangeOf } from './probeReader';
import { isProbeOf, placesOf, tokenCount } from './probeText';
import { levelsPerSide, nearestRegions, noteKey, regionLevel, tintRuns, type Tint, type TintKind } from './tintLevels';
import type { TintMemory } from './tintMemory';
import { isGradient, tintsOf, type TintChoice } from './tintQuantity';
import { localize } from '../localize';

/** Milliseconds between two drawings while nothing but the weights changes. */
const pace = 250;
/** Milliseconds for which tints may wait for the frame that replaces them. */
const maxWait = 150;

export class Tints implements vscode.Disposable {
  /** Made once: a decoration type is a style sheet. */
  private readonly types: ReadonlyMap<string, vscode.TextEditorDecorationType>;
  /** The token whose loss is traced back, and the note at the end of a line. */
  private readonly targetMark = vscode.window.createTextEditorDecorationType({
    borderStyle: 'solid',
    borderWidth: '0 0 2px 0',
    borderColor: new vscode.ThemeColor('backflow.mark.border'),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private readonly note = vscode.window.createTextEditorDecorationType({});
  private readonly draw = throttled(() => this.drawNow(), pace);
  private readonly listeners: vscode.Disposable;
  private readonly drawn = new vscode.EventEmitter<Frame>();
  private readonly decorations = new Decorations();
  private shown: { frame: Frame; key: string } | null = null;
  private overdue: NodeJS.Timeout | undefined;

  /** The text is tinted by this frame. */
  readonly onDidDraw = this.drawn.event;

  constructor(
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly memory: TintMemory,
  ) {
    this.types = new Map([
      ...allTints().map((tint) => [keyOf(tint), backgroundOf(tint)] as const),
      ...(['vanishing', 'exploding'] as const).map((kind) => [rulerKey(kind), rulerMark(kind)] as const),
    ]);
    this.listeners = vscode.Disposable.from(
      registry.onCurrent(
        ({ onDidReceiveFrame }) => onDidReceiveFrame,
        (frame, session) => this.received(session, frame),
      ),
      registry.onDidChangeCurrent(() => this.drawNow()),
      tracker.onDidEdit(() => this.clear()),
      tracker.onDidChange(() => this.drawNow()),
      memory.onDidChange(() => this.expire()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.drawNow()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.tint')) this.drawNow();
      }),
    );
  }

  /** Whether tints are on and there is a text to be seen that they would stand in. */
  get areShown(): boolean {
    const probe = this.tracker.current;
    return this.choice !== null && probe !== undefined && editorOf(probe.document) !== undefined;
  }

  /** What the text is tinted by; null for nothing. */
  get choice(): TintChoice | null {
    const probe = this.tracker.current;
    const session = this.registry.current;
    return probe && session ? this.memory.choiceFor(probe.document, session) : null;
  }

  /** Another target or quantity has been asked for: what is shown goes when the frame for it does not come soon. */
  expire(): void {
    clearTimeout(this.overdue);
    this.overdue = setTimeout(() => this.drawNow(), maxWait);
  }

  dispose(): void {
    this.listeners.dispose();
    this.draw.dispose();
    clearTimeout(this.overdue);
    for (const type of [...this.types.values(), this.targetMark, this.note]) type.dispose();
    this.drawn.dispose();
  }

  private received(session: RunSession, frame: Frame): void {
    // Only training continues at a pace of its own; what a person waits for comes at once.
    if (this.shown && this.shown.key === keyOfFrame(frame) && session.status.state === 'running') this.draw();
    else this.drawNow();
  }

  private drawNow(): void {
    const probe = this.tracker.current;
    const frame = this.registry.current?.lastFrame;
    const { choice } = this;
    const isOfNow = probe && frame && choice && isProbeOf(probe, frame.header) && this.isOfTarget(frame);
    const tints = isOfNow && tintsOf(frame, choice, probe.spans);
    if (!tints) {
      this.clear();
      return;
    }
    clearTimeout(this.overdue);
    const ranges = new Map<string, vscode.Range[]>([...this.types.keys()].map((key) => [key, []]));
    for (const run of tintRuns(tints)) {
      ranges.get(keyOf(run))?.push(rangeOf(probe, run.from, run.to));
      const isRegion = isGradient(choice) && (run.kind === 'zero' || run.level >= regionLevel);
      if (isRegion) ranges.get(rulerKey(run.kind))?.push(rangeOf(probe, run.from, run.to));
    }
    const editors = vscode.window.visibleTextEditors.filter(
      ({ document }) => document.uri.toString() === probe.document.toString(),
    );
    this.decorations.clearAllBut(editors);
    const target = frame.header.target + 1;
    const marked = isGradient(choice) && target < tokenCount(probe) ? [rangeOf(probe, target, target + 1)] : [];
    for (const editor of editors) {
      for (const [key, type] of this.types) this.decorations.set(editor, type, ranges.get(key) ?? []);
      this.decorations.set(editor, this.targetMark, marked);
      this.decorations.set(editor, this.note, isGradient(choice) ? notesOf(editor, probe, frame, tints) : []);
    }
    this.shown = { frame, key: keyOfFrame(frame) };
    this.drawn.fire(frame);
  }

  private isOfTarget({ header }: Frame): boolean {
    const target = this.registry.current?.target;
    const last = header.tokens.length - 1;
    // What a graph does not read of a text is no target: then its last one is.
    return header.target === (typeof target === 'number' ? Math.min(target, last) : last);
  }

  private clear(): void {
    this.decorations.clearAllBut([]);
    this.shown = null;
  }
}

/**
 * "−24: vanishing before here", the number first since a narrow editor cuts the end off, at the end of the line in which the region nearest to the target ends; of one
 * behind which the gradient is back again, "−24: vanishing at 3 tokens".
 */
function notesOf(
  { document }: vscode.TextEditor,
  probe: Probe,
  { header: { target } }: Frame,
  tints: readonly (Tint | undefined)[],
): vscode.DecorationOptions[] {
  return nearestRegions(tints, target).map((region) => {
    const { kind, from, to } = region;
    const { line } = placesOf(probe, to - 1, to).end;
    const { end } = document.lineAt(line).range;
    const said = localize(noteKey(region), to - from);
    const color = new vscode.ThemeColor(`backflow.${kind}.note`);
    return {
      range: new vscode.Range(end, end),
      renderOptions: {
        after: { contentText: `← −${target + 1 - to}: ${said}`, color, margin: '0 0 0 1em', fontStyle: 'italic' },
      },
    };
  });
}

/** What of a frame is chosen by the user: two frames alike in it differ by training alone. */
function keyOfFrame({ header: { probe, target, lane } }: Frame): string {
  return JSON.stringify([target, lane?.choice, probe]);
}

function allTints(): Tint[] {
  const side = (kind: TintKind) => Array.from({ length: levelsPerSide }, (_, index) => ({ kind, level: index + 1 }));
  return [...side('vanishing'), ...side('exploding'), { kind: 'zero', level: 1 }];
}

function keyOf({ kind, level }: Tint): string {
  return `${kind}.level${level}`;
}

/** An exact zero is marked as what has vanished. */
function rulerKey(kind: TintKind): string {
  return `${kind === 'exploding' ? kind : 'vanishing'}.overviewRuler`;
}

function backgroundOf(tint: Tint): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor(`backflow.${keyOf(tint)}`),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}

function rulerMark(kind: TintKind): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    overviewRulerColor: new vscode.ThemeColor(`backflow.${rulerKey(kind)}`),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}
