/** Tells the current session's engine which frames to make: only frames that are shown. */
import * as vscode from 'vscode';
import { thresholds } from '../chosenSettings';
import type { Panel } from '../panel/panel';
import type { RunRegistry } from '../runs/runRegistry';
import { settingsFor } from '../settings';
import type { ProbeTracker } from './probeTracker';
import type { TintMemory } from './tintMemory';
import { laneOf } from './tintQuantity';
import type { Tints } from './tints';

/** Frames a second: for the panel as fast as it can draw, for tints as fast as one can read. */
const panelRate = 30;
const tintRate = 2;

export class Watching implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;

  constructor(
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly panel: Panel,
    private readonly tints: Tints,
    memory: TintMemory,
  ) {
    this.listeners = vscode.Disposable.from(
      registry.onDidChangeCurrent(() => this.update()),
      // A session that has been resumed has a new engine, which knows nothing yet.
      registry.onCurrent(
        ({ onDidChange }) => onDidChange,
        () => this.update(),
      ),
      memory.onDidChange(() => this.update()),
      panel.onDidChangeVisibility(() => this.update()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.update()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.thresholds') || change.affectsConfiguration('backflow.tint'))
          this.update();
      }),
    );
  }

  /** Sends the engine what is wanted now; nothing is sent when that is what it knows. */
  update(): void {
    const session = this.registry.current;
    const probe = this.tracker.current;
    if (!session) return;
    // A recording has read tokens of its own, unless it is looked at on a text.
    const isOfRecording = session.description.recording !== undefined && session.document === undefined;
    const text = isOfRecording ? '' : probe?.text;
    if (text === undefined || !(this.panel.isVisible || (this.tints.areShown && !isOfRecording))) {
      session.watch(null);
      return;
    }
    const { choice } = this.tints;
    const lane = choice && !isOfRecording ? laneOf(choice) : undefined;
    session.watch({
      text,
      target: session.target,
      thresholds: thresholds(settingsFor(session.document)),
      unitMap: session.unitMap,
      total: session.withTotal && this.panel.isVisible,
      ...((choice?.kind === 'input' || (session.withInputs && this.panel.isVisible)) && { inputs: true }),
      ...(lane && { lane }),
      ...(session.head && this.panel.isVisible && { head: session.head }),
      ...(session.chosenSeries && { series: session.chosenSeries }),
      maxRate: this.panel.isVisible ? panelRate : tintRate,
    });
  }

  dispose(): void {
    this.listeners.dispose();
  }
}
