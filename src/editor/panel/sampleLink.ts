/** What the panel is sent about the current session's samples: drawn while somebody sees them, and kept while nobody does. */
import * as vscode from 'vscode';
import { temperature } from '../chosenSettings';
import { readsBothWays } from '../../protocol/settings';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { settingsFor } from '../settings';
import type { Panel } from './panel';
import { localizeMessage } from '../localize';

const firstSeed = 1;

export class SampleLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  /** How often the page has asked for a sample of a model that is not trained. */
  private readonly asked = new WeakMap<RunSession, number>();

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidReceive(({ type }) => {
        if (type === 'ready') this.show();
        if (type === 'sample') this.ask();
      }),
      panel.onDidChangeVisibility(() => this.update()),
      registry.onDidChangeCurrent(() => this.updateAndShow()),
      // A session that has been resumed has a new engine, and is trained from now on.
      registry.onCurrent(
        ({ onDidChange }) => onDidChange,
        () => this.updateAndShow(),
      ),
      registry.onCurrent(
        ({ onDidSample }) => onDidSample,
        () => this.show(),
      ),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('backflow.generate.temperature')) this.update();
      }),
    );
  }

  dispose(): void {
    this.listeners.dispose();
  }

  /** Sends the engine what is wanted now; nothing is sent when that is what it knows. */
  private update(): void {
    const session = this.registry.current;
    if (!session) return;
    const asked = this.asked.get(session) ?? 0;
    const isWanted = this.panel.isVisible && (isTrained(session) || asked > 0 || !canWrite(session));
    // While it is trained the seed stays the same, so that what changes is the model.
    const seed = isTrained(session) ? firstSeed : firstSeed + asked;
    session.watchSamples(isWanted ? { temperature: temperature(settingsFor(session.document)), seed } : null);
  }

  private updateAndShow(): void {
    this.update();
    this.show();
  }

  private ask(): void {
    const session = this.registry.current;
    if (!session || isTrained(session)) return;
    this.asked.set(session, (this.asked.get(session) ?? 0) + 1);
    this.update();
  }

  private show(): void {
    const session = this.registry.current;
    if (!session) return;
    const { samples, sampleRefusal } = session;
    this.panel.post({
      type: 'samples',
      samples,
      onRequest: session.isAlive && !isTrained(session) && !session.description.recording,
      refusal: sampleRefusal && localizeMessage(sampleRefusal),
    });
  }
}

/** Trained here, now or before; else its model was only opened. */
function isTrained({ reading }: RunSession): boolean {
  return reading === null;
}

/** Where that is known beforehand. A model that cannot is asked nevertheless: the engine then says why. */
function canWrite({ graph, description: { model, recording } }: RunSession): boolean {
  // What is said of it is no news: the page says that it is one.
  if (recording) return true;
  if (graph) return graph.hasScores && !graph.readsLaterTokens;
  return !readsBothWays(model) && model.objective === 'next';
}
