/** The status-bar item of the current run, and the context keys that commands are shown by. */
import * as vscode from 'vscode';
import { kindsInWords } from '../../layers/stackName';
import { lossUnitOf } from '../../protocol/run';
import { layersOf } from '../../protocol/settings';
import { throttled } from '../timing';
import type { RunRegistry } from './runRegistry';
import type { RunSession } from './runSession';
import { nameOfModel, stateName } from './runTree';
import { lossInWords } from '../lossWords';
import { localize } from '../localize';

/** Milliseconds between two texts. */
const pace = 250;

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('backflow.status', vscode.StatusBarAlignment.Left, 10);
  private readonly draw = throttled(() => this.drawNow(), pace);
  private readonly listeners: vscode.Disposable;
  private readonly contexts = new Map<string, unknown>();

  constructor(private readonly registry: RunRegistry) {
    this.item.name = 'Backflow';
    this.item.command = 'backflow.openPanel';
    this.listeners = vscode.Disposable.from(
      registry.onDidChangeCurrent(() => this.update()),
      registry.onCurrent(
        ({ onDidChange }) => onDidChange,
        () => this.update(),
      ),
      registry.onCurrent(
        ({ onDidProgress }) => onDidProgress,
        () => this.draw(),
      ),
    );
    this.update();
  }

  dispose(): void {
    this.listeners.dispose();
    this.draw.dispose();
    this.item.dispose();
  }

  private update(): void {
    const session = this.registry.current;
    this.setContext('backflow.runState', session?.status.state ?? 'none');
    this.setContext('backflow.isRun', session?.isRun === true);
    this.setContext('backflow.hasModel', session?.isAlive === true);
    this.setContext('backflow.isGraph', session?.isAlive === true && session.graph !== null);
    this.setContext('backflow.isRecording', session?.description.recording !== undefined);
    this.draw();
  }

  private setContext(key: string, value: unknown): void {
    if (this.contexts.get(key) === value) return;
    this.contexts.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  private drawNow(): void {
    const session = this.registry.current;
    if (!session) {
      this.item.hide();
      return;
    }
    this.item.text = textOf(session);
    this.item.tooltip = `${session.description.name}\n${nameOfModel(session.description)}, ${stateName(session.status.state)}\n${localize('statusBar.openPanel')}`;
    const isFailed = session.status.state === 'failed';
    this.item.backgroundColor = isFailed ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    this.item.show();
  }
}

function textOf({ status, metrics, description }: RunSession): string {
  const number = (value: number) => Math.round(value).toLocaleString(vscode.env.language);
  const loss = metrics.last('loss');
  if (description.recording)
    return `$(record) ${description.name} · ${localize('step.number', number(description.recording.steps.at(-1) ?? 0))}`;
  if (description.graph) return `$(type-hierarchy) ${description.name} · ${localize('graph.mode')}`;
  const parts = [localize('step.number', number(metrics.last('step') ?? status.step))];
  if (loss !== null) parts.push(lossInWords(lossUnitOf(description), loss));
  if (status.state === 'running')
    parts.push(localize('speed.tokensPerSecond', number(metrics.last('tokensPerSecond') ?? 0)));
  else parts.push(stateName(status.state));
  const icon = {
    starting: 'loading~spin',
    running: 'pulse',
    paused: 'debug-pause',
    stopped: 'debug-stop',
    finished: 'pass',
    failed: 'error',
  }[status.state];
  return `$(${icon}) ${kindsInWords(layersOf(description.model))}  ${parts.join(' · ')}`;
}
