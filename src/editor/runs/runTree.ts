/** The tree of runs: those that are live, then those on disk, with their checkpoints. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { lossUnitOf, type RunDescription, type RunState } from '../../protocol/run';
import { stackName } from '../../layers/stackName';
import { layersOf } from '../../protocol/settings';
import { throttled } from '../timing';
import { readRun, type PastRun, type PastRuns } from './pastRuns';
import { rowChanges, type Row } from './rowChanges';
import type { RunRegistry } from './runRegistry';
import type { RunSession } from './runSession';
import type { PastRecording, PastRecordings } from '../recordings/pastRecordings';
import { lossInWords } from '../lossWords';
import { localize } from '../localize';

export type TreeNode = LiveNode | PastNode | CheckpointNode | RecordingNode;

interface LiveNode {
  readonly kind: 'live';
  readonly session: RunSession;
}

/** Its run is as it was read last. */
interface PastNode {
  readonly kind: 'past';
  run: PastRun;
}

/** A recording of a training elsewhere, as it was when it was looked at last. */
interface RecordingNode {
  readonly kind: 'recording';
  recording: PastRecording;
}

interface CheckpointNode {
  readonly kind: 'checkpoint';
  readonly folder: vscode.Uri;
  readonly step: number;
  readonly isLive: boolean;
}

/** How far a live run has come, above its checkpoints. No command is about it. */
interface ProgressNode {
  readonly kind: 'progress';
  readonly session: RunSession;
}

type AnyNode = TreeNode | ProgressNode;

/** Milliseconds between two refreshes, of what has changed and of the steps of the runs that continue. */
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

/**
 * A menu gives its command not the row it was opened on but that row's id, which the extension host looks up when the command arrives. Told of a
 * change, the host forgets at once: of a node, all rows below it; of the whole tree, every row. It knows them again when the window has asked for
 * them again, and a command that arrives in between comes without its row. Which row that was cannot be known: the host keeps it to
 * itself, and the row a menu is opened on is not the selected one. So there is to be no such time where it can be helped:
 * - A change in a run refreshes that run's row alone, and the tree as a whole only when runs have come, gone or changed places.
 * - A row that changes with every step has none below it: while a live run is expanded, a row of its own shows its progress.
 * - What is asked for is known already; no file is read between a question and its answer.
 * - A node is the same object however often its run is read.
 * What is left is a choice in the very moment in which the rows beside it come or go; then the command says so and does nothing.
 */
export class RunTree implements vscode.TreeDataProvider<AnyNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<AnyNode | AnyNode[] | undefined>();
  private readonly refresh = throttled(() => this.tellChanges(), pace);
  private readonly showSteps = throttled(() => this.stepsChanged(), steppingPace);
  private readonly liveNodes = new WeakMap<RunSession, LiveNode>();
  private readonly progressNodes = new WeakMap<RunSession, ProgressNode>();
  private pastNodes = new Map<string, PastNode>();
  private recordingNodes = new Map<string, RecordingNode>();
  private readonly checkpointNodes = new WeakMap<TreeNode, ReadonlyMap<number, CheckpointNode>>();
  /** The rows at the top as the editor knows them. */
  private told: readonly Row<AnyNode>[] = [];
  private readonly expanded = new WeakSet<RunSession>();
  private stepped = new Set<RunSession>();
  private readonly listeners: vscode.Disposable;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly registry: RunRegistry,
    private readonly pastRuns: PastRuns,
    private readonly recordings: PastRecordings,
  ) {
    const view = vscode.window.createTreeView<AnyNode>('backflow.runs', { treeDataProvider: this });
    this.listeners = vscode.Disposable.from(
      view,
      view.onDidExpandElement(({ element }) => this.setExpanded(element, true)),
      view.onDidCollapseElement(({ element }) => this.setExpanded(element, false)),
      view.onDidChangeVisibility(({ visible }) => {
        pastRuns.setShown(visible);
        recordings.setShown(visible);
      }),
      registry.onDidChangeList(() => this.refresh()),
      registry.onEach(
        ({ onDidProgress }) => onDidProgress,
        (_, session) => {
          this.stepped.add(session);
          this.showSteps();
        },
      ),
      pastRuns.onDidChange(() => this.refresh()),
      recordings.onDidChange(() => this.refresh()),
    );
  }

  async getChildren(node?: AnyNode): Promise<AnyNode[]> {
    if (node?.kind === 'past') return this.checkpointsOf(node, node.run, false);
    if (node?.kind === 'live' && node.session.isRun) {
      const folder = vscode.Uri.file(node.session.description.folder);
      // Nothing watches a run that lies elsewhere.
      const run = this.pastRuns.find(folder) ?? (await readRun(folder));
      return [this.progressNode(node.session), ...(run ? this.checkpointsOf(node, run, true) : [])];
    }
    if (node) return [];
    await this.pastRuns.ready;
    this.told = this.rows();
    return this.told.map((row) => row.node);
  }

  getTreeItem(node: AnyNode): vscode.TreeItem {
    switch (node.kind) {
      case 'live':
        return liveItem(node, {
          isCurrent: node.session === this.registry.current,
          isExpanded: this.expanded.has(node.session),
        });
      case 'past':
        return pastItem(node.run);
      case 'checkpoint':
        return checkpointItem(node);
      case 'progress':
        return progressItem(node.session);
      case 'recording':
        return recordingItem(node);
    }
  }

  dispose(): void {
    this.listeners.dispose();
    this.refresh.dispose();
    this.showSteps.dispose();
    this.changed.dispose();
  }

  /** The rows at the top as they are now. */
  private rows(): Row<AnyNode>[] {
    const live = this.registry.all
      .map((session) => ({ node: this.liveNode(session), look: this.lookOf(session) }))
      .reverse();
    const past = this.pastRuns.all.filter(({ folder }) => !this.registry.find(folder.fsPath));
    const recorded = this.recordings.all.filter(({ folder }) => !this.registry.find(folder.fsPath));
    const rows = [
      ...this.keptNodes(past).map((node) => ({
        row: { node, look: JSON.stringify([node.run.record, node.run.checkpoints]) },
        time: node.run.record.created?.getTime() ?? 0,
      })),
      ...this.keptRecordings(recorded).map((node) => ({
        row: { node, look: JSON.stringify(node.recording) },
        time: node.recording.created?.getTime() ?? 0,
      })),
    ];
    return [...live, ...rows.sort((a, b) => b.time - a.time).map(({ row }) => row)];
  }

  private keptRecordings(recordings: readonly PastRecording[]): RecordingNode[] {
    const nodes = recordings.map((recording) =>
      Object.assign(this.recordingNodes.get(recording.folder.toString()) ?? { kind: 'recording' as const, recording }, {
        recording,
      }),
    );
    this.recordingNodes = new Map(nodes.map((node) => [node.recording.folder.toString(), node]));
    return nodes;
  }

  /** Without the steps, which are shown at a pace of their own. */
  private lookOf(session: RunSession): string {
    const { description, status, isRun } = session;
    const checkpoints = this.pastRuns.find(vscode.Uri.file(description.folder))?.checkpoints;
    return JSON.stringify([
      description,
      status.state,
      isRun,
      session === this.registry.current,
      this.expanded.has(session),
      checkpoints,
    ]);
  }

  private tellChanges(): void {
    const rows = this.rows();
    const changes = rowChanges(this.told, rows);
    this.told = rows;
    if (changes === 'list') this.changed.fire(undefined);
    else if (changes.length > 0) this.changed.fire([...changes]);
  }

  private stepsChanged(): void {
    const { stepped } = this;
    this.stepped = new Set();
    const sessions = this.registry.all.filter((session) => stepped.has(session));
    if (sessions.length > 0)
      this.changed.fire(
        sessions.map((session) => (this.expanded.has(session) ? this.progressNode(session) : this.liveNode(session))),
      );
  }

  private setExpanded(node: AnyNode, isExpanded: boolean): void {
    if (node.kind !== 'live') return;
    if (isExpanded) this.expanded.add(node.session);
    else this.expanded.delete(node.session);
    this.refresh();
  }

  private liveNode(session: RunSession): LiveNode {
    const node = this.liveNodes.get(session) ?? { kind: 'live', session };
    this.liveNodes.set(session, node);
    return node;
  }

  private progressNode(session: RunSession): ProgressNode {
    const node = this.progressNodes.get(session) ?? { kind: 'progress', session };
    this.progressNodes.set(session, node);
    return node;
  }

  private keptNodes(runs: readonly PastRun[]): PastNode[] {
    const nodes = runs.map((run) =>
      Object.assign(this.pastNodes.get(run.folder.toString()) ?? { kind: 'past' as const, run }, { run }),
    );
    this.pastNodes = new Map(nodes.map((node) => [node.run.folder.toString(), node]));
    return nodes;
  }

  private checkpointsOf(parent: TreeNode, { folder, checkpoints }: PastRun, isLive: boolean): CheckpointNode[] {
    const before = this.checkpointNodes.get(parent);
    const nodes = new Map(
      checkpoints.map((step) => [step, before?.get(step) ?? { kind: 'checkpoint' as const, folder, step, isLive }]),
    );
    this.checkpointNodes.set(parent, nodes);
    return [...nodes.values()];
  }
}

/** A run's or a checkpoint's own menus are chosen by this, in package.json. */
function contextOf(kind: TreeNode['kind'], state?: RunState): string {
  return state ? `${kind}.${state}` : kind;
}

function liveItem(
  node: LiveNode,
  { isCurrent, isExpanded }: { readonly isCurrent: boolean; readonly isExpanded: boolean },
): vscode.TreeItem {
  const { session } = node;
  const { description, status, isRun } = session;
  const collapsible = isRun ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(titleOf(description.corpus.name, description.name), collapsible);
  item.id = `live:${description.folder}`;
  const facts = description.recording
    ? recordedFacts(description.recording.model, description.recording.steps.at(-1) ?? null)
    : [nameOfModel(description), ...(isRun && !isExpanded ? progressOf(session) : []), stateName(status.state)];
  item.description = facts.join(' · ');
  const color = isCurrent ? new vscode.ThemeColor('charts.blue') : undefined;
  item.iconPath = new vscode.ThemeIcon(description.recording ? 'record' : icons[status.state], color);
  item.contextValue = description.recording
    ? 'live.recording'
    : isRun
      ? contextOf('live', status.state)
      : session.graph
        ? 'live.graph'
        : 'live.model';
  item.command = { command: 'backflow.runs.open', title: localize('runs.showInPanel'), arguments: [node] };
  item.tooltip = tooltip([description.name, facts.join(' · '), description.corpus.name, description.folder]);
  return item;
}

/** When something was made, where there is little room. */
const momentOfList: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };

function pastItem(run: PastRun): vscode.TreeItem {
  const { record } = run;
  const step = run.checkpoints.at(0);
  const item = new vscode.TreeItem(
    titleOf(record.corpusName, run.name),
    step === undefined ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = `past:${run.folder.toString()}`;
  const reached =
    step === undefined
      ? localize('runs.noCheckpoint')
      : localize('step.number', step.toLocaleString(vscode.env.language));
  const when = record.created?.toLocaleString(vscode.env.language, momentOfList);
  item.description = [stackName(record.layers), reached, when ?? ''].filter((part) => part !== '').join(' · ');
  item.iconPath = new vscode.ThemeIcon('history');
  item.contextValue = step === undefined ? 'past.empty' : contextOf('past');
  const created = record.created?.toLocaleString(vscode.env.language) ?? '';
  item.tooltip = tooltip([run.name, stackName(record.layers), record.corpusName, created, run.folder.fsPath]);
  return item;
}

function recordingItem(node: RecordingNode): vscode.TreeItem {
  const { name, model, folder, newest, created } = node.recording;
  const item = new vscode.TreeItem(name);
  item.id = `recording:${folder.toString()}`;
  const when = created?.toLocaleString(vscode.env.language, momentOfList) ?? '';
  item.description = [...recordedFacts(model, newest), when].filter((part) => part !== '').join(' · ');
  item.iconPath = new vscode.ThemeIcon('record');
  item.contextValue = newest === null ? 'recording.empty' : 'recording';
  // It has no rows below it that a click could show.
  if (newest !== null)
    item.command = { command: 'backflow.runs.open', title: localize('runs.showInPanel'), arguments: [node] };
  item.tooltip = tooltip([name, model, created?.toLocaleString(vscode.env.language) ?? '', folder.fsPath]);
  return item;
}

function recordedFacts(model: string, newest: number | null): string[] {
  return [
    model,
    newest === null
      ? localize('runs.recording.empty')
      : localize('step.number', newest.toLocaleString(vscode.env.language)),
  ];
}

function progressItem(session: RunSession): vscode.TreeItem {
  const [step, ...facts] = progressOf(session);
  const item = new vscode.TreeItem(step);
  item.id = `progress:${session.description.folder}`;
  item.description = facts.join(' · ');
  item.iconPath = new vscode.ThemeIcon('pulse');
  return item;
}

/** How far it has come, and how well. */
function progressOf({ metrics, status, description }: RunSession): string[] {
  const number = (value: number) => value.toLocaleString(vscode.env.language);
  const step = metrics.last('step') ?? status.step;
  const { steps } = description.training;
  const loss = metrics.last('loss');
  return [
    steps === null ? localize('step.number', number(step)) : localize('step.numberOf', number(step), number(steps)),
    ...(loss === null ? [] : [lossInWords(lossUnitOf(description), loss)]),
  ];
}

function checkpointItem({ folder, step, isLive }: CheckpointNode): vscode.TreeItem {
  const item = new vscode.TreeItem(localize('step.number', step.toLocaleString(vscode.env.language)));
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

/** What an open model is, in a few words. */
export function nameOfModel({ model, graph }: RunDescription): string {
  return graph ? localize('graph.mode') : stackName(layersOf(model));
}

export function stateName(state: RunState): string {
  switch (state) {
    case 'starting':
      return localize('run.state.starting');
    case 'running':
      return localize('run.state.running');
    case 'paused':
      return localize('run.state.paused');
    case 'stopped':
      return localize('run.state.stopped');
    case 'finished':
      return localize('run.state.finished');
    case 'failed':
      return localize('run.state.failed');
  }
}

function tooltip(lines: readonly string[]): string {
  return lines.filter((line) => line !== '').join('\n');
}
