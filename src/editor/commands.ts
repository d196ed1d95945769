/** The commands, as package.json declares them. */
import * as vscode from 'vscode';
import type { ControlAction } from '../protocol/panel';
import { compareCells } from './compare/compareCells';
import { compareRuns } from './compare/compareRuns';
import type { Comparisons } from './compare/comparisons';
import { generateText } from './generate';
import type { Notices } from './notices';
import { exportModel } from './models/exportModel';
import { textInView, type ModelOpener } from './models/openModel';
import type { Panel } from './panel/panel';
import type { Playground } from './playground';
import { traceFromCommand } from './probe/hover';
import type { Watching } from './probe/watching';
import type { PastRuns } from './runs/pastRuns';
import { confirmClose, deleteRun, revealRun } from './runs/runActions';
import type { RunControl } from './runs/runControl';
import type { RunRegistry } from './runs/runRegistry';
import type { RunSession } from './runs/runSession';
import { checkpointUri, type TreeNode } from './runs/runTree';
import { train, type TrainingParts } from './train';

export interface CommandParts {
  readonly training: TrainingParts;
  readonly registry: RunRegistry;
  readonly control: RunControl;
  readonly opener: ModelOpener;
  readonly pastRuns: PastRuns;
  readonly panel: Panel;
  readonly watching: Watching;
  readonly comparisons: Comparisons;
  readonly playground: Playground;
  readonly notices: Notices;
  readonly log: vscode.LogOutputChannel;
}

type Work = (argument?: unknown) => unknown;

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const work: Record<string, Work> = { ...generalCommands(parts), ...comparingCommands(parts), ...controlCommands(parts), ...treeCommands(parts) };
  const registered = Object.entries(work).map(([name, run]) =>
    vscode.commands.registerCommand(name, (argument?: unknown) => parts.notices.guard(() => run(argument))),
  );
  return vscode.Disposable.from(...registered);
}

function generalCommands({ training, registry, opener, panel, watching, log }: CommandParts): Record<string, Work> {
  return {
    'backflow.train': (target) => train(training, target),
    'backflow.openPanel': () => panel.show(),
    'backflow.inspect': (model) => opener.inspectText(fileOf(model)),
    'backflow.openModel': (file) => opener.openFile(file instanceof vscode.Uri ? file : undefined),
    'backflow.trainFrom': (model) => trainFurther({ training, registry, opener }, model),
    'backflow.exportModel': (argument) => exportModel(sessionOf(argument) ?? registry.current),
    'backflow.generate': async () => {
      if (registry.current?.isAlive) await generateText(registry.current);
      else void vscode.window.showInformationMessage(vscode.l10n.t('Train or open a model first; it writes the text.'));
    },
    'backflow.showLog': () => log.show(),
    [traceFromCommand]: (step) => {
      const session = registry.current;
      if (!session || !Number.isSafeInteger(step) || (step as number) < 0) return;
      session.target = step as number;
      watching.update();
    },
  };
}

function comparingCommands({ training, registry, opener, pastRuns, comparisons, playground }: CommandParts): Record<string, Work> {
  return {
    'backflow.compareCells': (target) => compareCells(training, comparisons, target),
    'backflow.compareRuns': () => compareRuns({ registry, pastRuns, opener, comparisons }),
    'backflow.compareTruncations': () => comparisons.compareTruncations(),
    'backflow.playground': () => playground.show(),
  };
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
      else await opener.open(node.kind === 'past' ? node.run.folder.fsPath : checkpointUri(node.folder, node.step).fsPath);
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
    },
    'backflow.runs.reveal': async (argument) => {
      const node = nodeOf(argument);
      if (node?.kind === 'past') await revealRun(node.run.folder);
      else if (node?.kind === 'live') await revealRun(vscode.Uri.file(node.session.description.folder));
    },
  };
}

/** Goes on training a model from elsewhere on the text in view: the given file, the model of the tree, or the current one. */
async function trainFurther({ training, registry, opener }: Pick<CommandParts, 'training' | 'registry' | 'opener'>, argument: unknown): Promise<void> {
  const node = nodeOf(argument);
  const session = sessionOf(argument) ?? registry.current;
  const path = fileOf(argument) ?? (node?.kind === 'checkpoint' ? checkpointUri(node.folder, node.step).fsPath : session?.description.folder);
  if (path === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a model first; it is then trained further.'));
    return;
  }
  const document = await textInView();
  if (document) await opener.answers.with(path, (model) => train(training, document, model));
}

/** A file as an address, or as a link gives it. */
function fileOf(argument: unknown): string | undefined {
  if (argument instanceof vscode.Uri) return argument.fsPath;
  return typeof argument === 'string' ? vscode.Uri.parse(argument, true).fsPath : undefined;
}

function sessionOf(argument: unknown): RunSession | undefined {
  const node = nodeOf(argument);
  return node?.kind === 'live' ? node.session : undefined;
}

/** What the tree gives with a command. Another caller can give anything. */
function nodeOf(argument: unknown): TreeNode | undefined {
  const isNode = typeof argument === 'object' && argument !== null && 'kind' in argument;
  return isNode ? (argument as TreeNode) : undefined;
}
