/** The tree of runs: those that are live, then those on disk, with their checkpoints. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { RunState } from '../../protocol/run';
import type { CellName, ModelSettings } from '../../protocol/settings';
import { throttled } from '../timing';
import { readRun, type PastRun, type PastRuns } from './pastRuns';
import type { RunRegistry } from './runRegistry';
import type { RunSession } from './runSession';

export type TreeNode =
  | { readonly kind: 'live'; readonly session: RunSession }
  | PastNode
  | { readonly kind: 'checkpoint'; readonly folder: vscode.Uri; readonly step: number; readonly isLive: boolean };

/** Its run is as it was read last. */
interface PastNode {
  readonly kind: 'past';
  run: PastRun;
}

/** Milliseconds between two refreshes, of all and of the runs that go on. */
const pace = 500;
const steppingPace = 1000;

const icons: Readonly<Record<RunState, string>> = {
  starting: 'loading~spin',
  running: 'play-circle',
  paused: 'debug-pause',
  stopped: 'circle-large-outline',
  finished: 'pass',
  failed: 'error',
};

export class RunTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<TreeNode | undefined>();
  private readonly refresh = throttled(() => this.changed.fire(undefined), pace);
  private readonly showSteps = throttled(() => this.stepsChanged(), steppingPace);
  /**
   * The editor knows nodes by their identity: one that is made anew whenever the folders are read is forgotten under the menu that stands
   * open on its row.
   */
  private readonly liveNodes = new WeakMap<RunSession, TreeNode>();
  private pastNodes = new Map<string, PastNode>();
  private readonly checkpointNodes = new WeakMap<TreeNode, ReadonlyMap<number, TreeNode>>();
  private stepped = new Set<RunSession>();
  private readonly listeners: vscode.Disposable;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly registry: RunRegistry,
    private readonly pastRuns: PastRuns,
  ) {
    this.listeners = vscode.Disposable.from(
      registry.onDidChangeList(() => this.refresh()),
      registry.onDidStep((session) => {
        this.stepped.add(session);
        this.showSteps();
      }),
      pastRuns.onDidChange(() => this.refresh()),
    );
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node?.kind === 'past') return this.checkpointsOf(node, node.run, false);
    if (node?.kind === 'live' && node.session.isRun) {
      const run = await readRun(vscode.Uri.file(node.session.description.folder));
      return run ? this.checkpointsOf(node, run, true) : [];
    }
    if (node) return [];
    const live = this.registry.all.map((session) => this.liveNode(session)).reverse();
    const past = (await this.pastRuns.read()).filter(({ folder }) => !this.registry.find(folder.fsPath));
    return [...live, ...this.keptNodes(past)];
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    switch (node.kind) {
      case 'live':
        return liveItem(node.session, node.session === this.registry.current);
      case 'past':
        return pastItem(node.run);
      case 'checkpoint':
        return checkpointItem(node);
    }
  }

  private liveNode(session: RunSession): TreeNode {
    const node = this.liveNodes.get(session) ?? { kind: 'live', session };
    this.liveNodes.set(session, node);
    return node;
  }

  private keptNodes(runs: readonly PastRun[]): PastNode[] {
    const nodes = runs.map((run) => Object.assign(this.pastNodes.get(run.folder.toString()) ?? { kind: 'past' as const, run }, { run }));
    this.pastNodes = new Map(nodes.map((node) => [node.run.folder.toString(), node]));
    return nodes;
  }

  private checkpointsOf(parent: TreeNode, { folder, checkpoints }: PastRun, isLive: boolean): TreeNode[] {
    const before = this.checkpointNodes.get(parent);
    const nodes = new Map(checkpoints.map((step) => [step, before?.get(step) ?? { kind: 'checkpoint' as const, folder, step, isLive }]));
    this.checkpointNodes.set(parent, nodes);
    return [...nodes.values()];
  }

  private stepsChanged(): void {
    const { stepped } = this;
    this.stepped = new Set();
    for (const session of stepped) if (this.registry.all.includes(session)) this.changed.fire(this.liveNode(session));
  }

  dispose(): void {
    this.listeners.dispose();
    this.refresh.dispose();
    this.showSteps.dispose();
    this.changed.dispose();
  }
}

/** A run's or a checkpoint's own menus are chosen by this, in package.json. */
function contextOf(kind: TreeNode['kind'], state?: RunState): string {
  return state ? `${kind}.${state}` : kind;
}

function liveItem(session: RunSession, isCurrent: boolean): vscode.TreeItem {
  const { description, status, isRun } = session;
  const collapsible = isRun ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(titleOf(description.corpus.name, description.name), collapsible);
  item.id = `live:${description.folder}`;
  const facts = [modelName(description.model), ...(isRun ? progressOf(session) : []), stateName(status.state)];
  item.description = facts.join(' · ');
  const color = isCurrent ? new vscode.ThemeColor('charts.blue') : undefined;
  item.iconPath = new vscode.ThemeIcon(icons[status.state], color);
  item.contextValue = isRun ? contextOf('live', status.state) : 'live.model';
  item.command = { command: 'backflow.runs.open', title: vscode.l10n.t('Show in the Panel'), arguments: [{ kind: 'live', session } satisfies TreeNode] };
  item.tooltip = tooltip([description.name, facts.join(' · '), description.corpus.name, description.folder]);
  return item;
}

function pastItem(run: PastRun): vscode.TreeItem {
  const { record } = run;
  const step = run.checkpoints.at(0);
  const item = new vscode.TreeItem(titleOf(record.corpusName, run.name), step === undefined ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `past:${run.folder.toString()}`;
  const reached = step === undefined ? vscode.l10n.t('no checkpoint') : vscode.l10n.t('step {0}', step.toLocaleString(vscode.env.language));
  const when = record.created?.toLocaleString(vscode.env.language, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  item.description = [modelName(record), reached, when ?? ''].filter((part) => part !== '').join(' · ');
  item.iconPath = new vscode.ThemeIcon('history');
  item.contextValue = step === undefined ? 'past.empty' : contextOf('past');
  const created = record.created?.toLocaleString(vscode.env.language) ?? '';
  item.tooltip = tooltip([run.name, modelName(record), record.corpusName, created, run.folder.fsPath]);
  return item;
}

/** How far it has come, and how well. */
function progressOf({ metrics, status, description }: RunSession): string[] {
  const number = (value: number) => value.toLocaleString(vscode.env.language);
  const step = metrics.last('step') ?? status.step;
  const { steps } = description.training;
  const loss = metrics.last('loss');
  return [
    steps === null ? vscode.l10n.t('step {0}', number(step)) : vscode.l10n.t('step {0} of {1}', number(step), number(steps)),
    ...(loss === null ? [] : [vscode.l10n.t('{0} nats', loss.toFixed(3))]),
  ];
}

function checkpointItem({ folder, step, isLive }: Extract<TreeNode, { kind: 'checkpoint' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('step {0}', step.toLocaleString(vscode.env.language)));
  item.id = `checkpoint:${folder.toString()}:${step}`;
  item.iconPath = new vscode.ThemeIcon('circuit-board');
  item.contextValue = isLive ? 'checkpoint.live' : contextOf('checkpoint');
  item.tooltip = basename(checkpointUri(folder, step).fsPath);
  return item;
}

export function checkpointUri(folder: vscode.Uri, step: number): vscode.Uri {
  return vscode.Uri.joinPath(folder, 'checkpoints', `step-${step}.onnx`);
}

/** What a run is called where there is little room: its corpus; the folder's name is in the tooltip. */
export function titleOf(corpusName: string, name: string): string {
  return corpusName === '' ? name : corpusName;
}

/** "LSTM 2 × 128": the cell, its layers and units. */
export function modelName({ cell, layers, hiddenSize }: Pick<ModelSettings, 'cell' | 'layers' | 'hiddenSize'>): string {
  const names: Readonly<Record<CellName, string>> = { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' };
  return `${names[cell]} ${layers} × ${hiddenSize}`;
}

export function stateName(state: RunState): string {
  switch (state) {
    case 'starting':
      return vscode.l10n.t('starting');
    case 'running':
      return vscode.l10n.t('running');
    case 'paused':
      return vscode.l10n.t('paused');
    case 'stopped':
      return vscode.l10n.t('stopped');
    case 'finished':
      return vscode.l10n.t('finished');
    case 'failed':
      return vscode.l10n.t('failed');
  }
}

function tooltip(lines: readonly string[]): string {
  return lines.filter((line) => line !== '').join('\n');
}
