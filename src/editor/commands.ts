/** The commands, as package.json declares them. */
import * as vscode from 'vscode';
import type { ControlAction } from '../pageContract/messages';
import { compareKinds } from './compare/compareKinds';
import { compareRuns } from './compare/compareRuns';
import type { Comparisons } from './compare/comparisons';
import { generateText } from './generate';
import { tryRemedy, type RemedyOrigin } from './compare/tryRemedy';
import type { Notices } from './notices';
import { exportModel } from './models/exportModel';
import { textInView, type ModelOpener } from './models/openModel';
import { pathOnDisk } from './models/onDisk';
import type { PanelExports } from './panel/exporting';
import type { Panel } from './panel/panel';
import type { Playground } from './playground';
import { attributeToken } from './probe/attribution';
import { attributeCommand, openPanelAtCommand, pinCommand, revealCommand } from './probe/hoverLinks';
import type { ProbeTracker } from './probe/probeTracker';
import type { TargetFollower } from './probe/targetFollower';
import type { TintMemory } from './probe/tintMemory';
import { pickTensors } from './probe/tensorPicker';
import { pickTint } from './probe/tintPicker';
import type { TokenMarks } from './probe/tokenMarks';
import type { PastRecordings } from './recordings/pastRecordings';
import { recordPython, type RecordingParts } from './recordings/recordPython';
import type { PastRuns } from './runs/pastRuns';
import { confirmClose, deleteCheckpoint, deleteRun, revealRun } from './runs/runActions';
import type { RunControl } from './runs/runControl';
import type { RunRegistry } from './runs/runRegistry';
import type { RunSession } from './runs/runSession';
import { checkpointUri, type TreeNode } from './runs/runTree';
import { openSample } from './samples';
import { openSweep } from './sweeps/openSweep';
import { train, type TrainingParts } from './train';
import { localize } from './localize';

export interface CommandParts {
  readonly training: TrainingParts;
  readonly registry: RunRegistry;
  readonly control: RunControl;
  readonly opener: ModelOpener;
  readonly pastRuns: PastRuns;
  readonly recordings: PastRecordings;
  readonly panel: Panel;
  readonly comparisons: Comparisons;
  readonly playground: Playground;
  readonly exports: PanelExports;
  readonly tracker: ProbeTracker;
  readonly follower: TargetFollower;
  readonly marks: TokenMarks;
  readonly tintMemory: TintMemory;
  readonly extensionUri: vscode.Uri;
  readonly recording: RecordingParts;
  readonly notices: Notices;
  readonly log: vscode.LogOutputChannel;
}

type Work = (argument?: unknown, second?: unknown) => unknown;

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const work: Record<string, Work> = {
    ...generalCommands(parts),
    ...probeCommands(parts),
    ...comparingCommands(parts),
    ...controlCommands(parts),
    ...treeCommands(parts),
  };
  const registered = Object.entries(work).map(([name, run]) =>
    vscode.commands.registerCommand(name, (...given: unknown[]) => {
      const isLost = ofRows.has(name) && isOfGoneRow(given);
      return isLost
        ? vscode.window.showInformationMessage(localize('runs.listChanged'))
        : parts.notices.guard(() => run(given[0], given[1]));
    }),
  );
  return vscode.Disposable.from(...registered);
}

/** Those of the tree's menus. The first of them mean the current run where no row is named. */
const ofRows: ReadonlySet<string> = new Set(
  [
    'pause',
    'resume',
    'step',
    'stop',
    'trainFrom',
    'exportModel',
    'inspect',
    'generate',
    'tryRemedy',
    'runs.open',
    'runs.close',
    'runs.delete',
    'runs.reveal',
  ].map((name) => `backflow.${name}`),
);

/**
 * From the palette nothing is given. From the tree something always is, but undefined where the command comes just when the list changes: then no other
 * run is meant. See RunTree.
 */
function isOfGoneRow(given: readonly unknown[]): boolean {
  return given.length > 0 && given[0] === undefined;
}

function generalCommands({
  training,
  registry,
  opener,
  panel,
  exports,
  recording,
  extensionUri,
  log,
}: CommandParts): Record<string, Work> {
  return {
    'backflow.train': (target) => train(training, target),
    'backflow.openPanel': () => panel.show(),
    'backflow.inspect': (model) => opener.inspectText(fileOf(model) ?? pathOf(model)),
    'backflow.openModel': (file) => opener.openFile(file instanceof vscode.Uri ? file : undefined),
    'backflow.openSweep': (folder) => openSweep(folder instanceof vscode.Uri ? folder : undefined),
    'backflow.trainFrom': (model) => trainFurther({ training, registry, opener }, model),
    'backflow.exportModel': async (argument) => exportModel(await sessionFor(argument, { registry, opener })),
    'backflow.generate': async (argument) => {
      const session = await sessionFor(argument, { registry, opener });
      if (session?.isAlive) await generateText(session, nodeOf(argument) ? {} : givenIn(argument));
      else void vscode.window.showInformationMessage(localize('generate.needsModel'));
    },
    'backflow.exportFigure': () => exports.begin('figure'),
    'backflow.exportData': () => exports.begin('data'),
    'backflow.exportReport': () => exports.begin('report'),
    'backflow.openSample': (name) => openSample(extensionUri, name),
    'backflow.recordPython': (file) => recordPython(recording, file instanceof vscode.Uri ? file : undefined),
    'backflow.showLog': () => log.show(),
  };
}

/** What can be asked of the probe: from the palette, or by a hover's links, which give a token of it. */
function probeCommands({ registry, tracker, follower, marks, tintMemory, panel }: CommandParts): Record<string, Work> {
  const reveal = (token: unknown) => {
    if (isToken(token)) void marks.reveal(token);
  };
  const pin = (token: unknown) => {
    // A token is predicted at the step before it.
    if (isToken(token) && token > 0) follower.pin(token - 1);
    else follower.pinAtCursor();
  };
  return {
    'backflow.tintBy': async () => {
      if (registry.current) await pickTint(registry.current, tintMemory);
    },
    'backflow.chooseTensors': () => pickTensors(registry.current),
    [pinCommand]: pin,
    'backflow.unpinTarget': () => follower.unpin(),
    [revealCommand]: reveal,
    [openPanelAtCommand]: (token) => {
      panel.show();
      pin(token);
    },
    [attributeCommand]: async (token, method) => {
      const session = registry.current;
      const probe = tracker.current;
      if (session?.isAlive && probe) await attributeToken(session, probe, reveal, { token, method });
    },
  };
}

function comparingCommands({
  training,
  registry,
  opener,
  pastRuns,
  recordings,
  comparisons,
  playground,
}: CommandParts): Record<string, Work> {
  return {
    'backflow.compareCells': (target) => compareKinds(training, comparisons, target),
    'backflow.compareRuns': () => compareRuns({ registry, pastRuns, recordings, opener, comparisons }),
    'backflow.compareTruncations': () => comparisons.compareTruncations(),
    'backflow.tryRemedy': async (argument) => {
      const origin = originOf(argument, registry);
      const { launch, runsFolder } = training;
      if (origin) await tryRemedy({ launch, runsFolder, comparisons }, origin, givenIn(argument)['remedy']);
      else void vscode.window.showInformationMessage(localize('remedy.needsRun'));
    },
    'backflow.playground': () => playground.show(),
  };
}

/** The run of the tree, or the current one; undefined where that is none. */
function originOf(argument: unknown, registry: RunRegistry): RemedyOrigin | undefined {
  const node = nodeOf(argument);
  if (node?.kind === 'past')
    return { folder: node.run.folder, step: null, done: node.run.checkpoints.at(0) ?? 0, live: null };
  if (node?.kind === 'checkpoint') {
    const { folder, step } = node;
    return { folder, step, done: step, live: registry.find(folder.fsPath) ?? null };
  }
  const live = node?.kind === 'live' ? node.session : registry.current;
  if (!live?.isRun) return undefined;
  return { folder: vscode.Uri.file(live.description.folder), step: null, done: live.status.step, live };
}

function isToken(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Pause, Resume, Step, Stop: of the run of the tree they are called on, else of the current one. */
function controlCommands({ registry, control, opener }: CommandParts): Record<string, Work> {
  const command = (action: ControlAction): Work => {
    return async (argument) => {
      const node = nodeOf(argument);
      if (node?.kind === 'past') await opener.resume(node.run);
      const session = node?.kind === 'live' ? node.session : registry.current;
      if (node?.kind !== 'past' && session) await control.run(action, session);
    };
  };
  return {
    'backflow.pause': command('pause'),
    'backflow.resume': command('resume'),
    'backflow.step': command('step'),
    'backflow.stop': command('stop'),
  };
}

function treeCommands({ registry, opener, pastRuns, panel }: CommandParts): Record<string, Work> {
  return {
    'backflow.runs.open': async (argument) => {
      const node = nodeOf(argument);
      if (!node) return;
      if (node.kind === 'live') registry.select(node.session);
      else await opener.open(pathOf(node) ?? '');
      panel.show();
    },
    'backflow.runs.close': async (argument) => {
      const node = nodeOf(argument);
      if (node?.kind !== 'live') return;
      const { description, isTraining } = node.session;
      if (await confirmClose(description.name, isTraining)) await registry.close(node.session);
    },
    'backflow.runs.delete': async (argument) => {
      const node = nodeOf(argument);
      if (node?.kind === 'past') await deleteRun(node.run, pastRuns);
      else if (node?.kind === 'checkpoint' && !node.isLive)
        await deleteCheckpoint(checkpointUri(node.folder, node.step), node.step, pastRuns);
    },
    'backflow.runs.reveal': async (argument) => {
      const node = nodeOf(argument);
      if (node?.kind === 'past') await revealRun(node.run.folder);
      else if (node?.kind === 'recording') await revealRun(node.recording.folder);
      else if (node?.kind === 'live') await revealRun(vscode.Uri.file(node.session.description.folder));
      else if (node) await revealRun(checkpointUri(node.folder, node.step));
    },
  };
}

/** Continues training a model from elsewhere on the text in view: the given file, the model of the tree, or the current one. */
async function trainFurther(
  { training, registry, opener }: Pick<CommandParts, 'training' | 'registry' | 'opener'>,
  argument: unknown,
): Promise<void> {
  const path = fileOf(argument) ?? pathOf(argument) ?? registry.current?.description.folder;
  if (path === undefined) {
    void vscode.window.showInformationMessage(localize('trainFrom.needsModel'));
    return;
  }
  const document = await textInView();
  if (document) await opener.answers.with(path, (model) => train(training, document, model));
}

/** A model's file as an address, or as a link gives it. */
function fileOf(argument: unknown): string | undefined {
  if (argument instanceof vscode.Uri) return pathOnDisk(argument);
  return typeof argument === 'string' ? pathOnDisk(vscode.Uri.parse(argument, true)) : undefined;
}

/** The model of the tree as a path: a run's folder or a file. */
function pathOf(argument: unknown): string | undefined {
  const node = nodeOf(argument);
  if (!node) return undefined;
  if (node.kind === 'live') return node.session.description.folder;
  if (node.kind === 'recording') return node.recording.folder.fsPath;
  return node.kind === 'past' ? node.run.folder.fsPath : checkpointUri(node.folder, node.step).fsPath;
}

/** The session of a command's argument: of the tree, opened if need be; else the current one. */
async function sessionFor(
  argument: unknown,
  { registry, opener }: Pick<CommandParts, 'registry' | 'opener'>,
): Promise<RunSession | undefined> {
  const node = nodeOf(argument);
  if (node?.kind === 'live') return node.session;
  const path = pathOf(argument);
  return path === undefined ? registry.current : opener.open(path);
}

/** What a key binding or another extension gives a command. */
function givenIn(argument: unknown): Readonly<Record<string, unknown>> {
  return typeof argument === 'object' && argument !== null ? (argument as Record<string, unknown>) : {};
}

/** What the tree gives with a command. Another caller can give anything. */
function nodeOf(argument: unknown): TreeNode | undefined {
  const isNode = typeof argument === 'object' && argument !== null && 'kind' in argument;
  return isNode ? (argument as TreeNode) : undefined;
}
