/** Try a Remedy…: from a run or one of its checkpoints two runs go on side by side, from the same step and seed: as it is, and with one change. */
import * as vscode from 'vscode';
import { kindsInFolder } from '../../layers/stackName';
import { textInView, showCorpus } from '../models/openModel';
import type { RunsFolder } from '../runs/runsFolder';
import { RunSession, type EngineLauncher } from '../runs/runSession';
import { checkTrusted } from '../runs/workspaceTrust';
import type { Comparisons } from './comparisons';
import {
  factsOf,
  remediesFor,
  remedyNames,
  type Change,
  type Remedy,
  type RemedyName,
  type RunFacts,
} from './remedies';
import { localize, localizeMessage } from '../localize';

export interface RemedyParts {
  readonly launch: EngineLauncher;
  readonly runsFolder: RunsFolder;
  readonly comparisons: Comparisons;
}

/** Of what a remedy is tried. */
export interface RemedyOrigin {
  readonly folder: vscode.Uri;
  /** Of a checkpoint; null for the newest. */
  readonly step: number | null;
  /** Steps it has done there, as far as is known. */
  readonly done: number;
  /** The run, where it is live: it pauses, so that the two have the machine. */
  readonly live: RunSession | null;
}

/**
 * @param given the name of a remedy, as a key binding or another extension gives it; undefined asks
 * @throws RpcError when the engine refuses; what had begun is then ended
 */
export async function tryRemedy(parts: RemedyParts, origin: RemedyOrigin, given: unknown): Promise<void> {
  const { folder, live } = origin;
  checkTrusted(folder, nameOf(folder));
  const facts = await readFacts(folder);
  if (!facts) {
    void vscode.window.showWarningMessage(localize('remedy.noRun', nameOf(folder)));
    return;
  }
  const remedy = await choose(remediesFor(facts), origin, given);
  if (!remedy) return;
  const begun: RunSession[] = [];
  const end = (): void => {
    for (const session of begun) session.dispose();
  };
  let document: vscode.Uri | undefined;
  try {
    const title = localize('remedy.progress');
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async () => {
      begun.push(await begin(parts, origin, facts, remedy.asItIs, 'as-it-is'));
      begun.push(await begin(parts, origin, facts, remedy.changed, remedy.name));
    });
    document = (await showCorpus(begun[0])) ?? (await textInView());
    // Not before the two have begun and have a text: a refusal leaves the run as it was.
    if (document && live?.status.state === 'running') await live.control('pause');
  } catch (error) {
    end();
    throw error;
  }
  if (!document) {
    end();
    return;
  }
  for (const session of begun) session.document = document;
  await parts.comparisons.compare(
    localize('remedy.title', localizeMessage(remedy.label)),
    begun.map((session, i) => ({
      session,
      isOwn: true,
      change: i === 0 ? localize('remedy.asItIs') : localizeMessage(remedy.label),
    })),
    document,
  );
}

async function begin(
  { launch, runsFolder }: RemedyParts,
  { folder, step, done }: RemedyOrigin,
  { steps, layers, corpusName }: RunFacts,
  change: Change,
  name: string,
): Promise<RunSession> {
  const kinds = `${kindsInFolder(layers)}-${name}`;
  // A run that has done its steps goes on for as many again.
  const all = steps !== null && !change.fresh && steps <= done ? { steps: 2 * done } : {};
  const request = {
    run: folder.fsPath,
    step,
    folder: await runsFolder.newRunBeside(folder, corpusName, kinds),
    ...change,
    training: { ...change.training, ...all },
  };
  return RunSession.begin(launch, { kind: 'branch', request });
}

/** Undefined when the user dismissed the question, or the remedy that is named is none of the run's. */
async function choose(
  remedies: readonly Remedy[],
  { folder, step }: RemedyOrigin,
  given: unknown,
): Promise<Remedy | undefined> {
  if (isRemedyName(given)) {
    const found = remedies.find(({ name }) => name === given);
    if (!found) void vscode.window.showWarningMessage(localize('remedy.notForRun', nameOf(folder)));
    return found;
  }
  const items = remedies.map((remedy) => ({
    label: localizeMessage(remedy.label),
    detail: localize(remedy.detail),
    ...(remedy.changed.fresh && { description: localize('remedy.fresh') }),
    remedy,
  }));
  const from = step === null ? nameOf(folder) : `${nameOf(folder)}, ${localize('step.number', step)}`;
  const picked = await vscode.window.showQuickPick(items, {
    title: localize('remedy.pick', from),
    placeHolder: localize('remedy.placeholder'),
    matchOnDetail: true,
  });
  return picked?.remedy;
}

function isRemedyName(value: unknown): value is RemedyName {
  return remedyNames.some((name) => name === value);
}

async function readFacts(folder: vscode.Uri): Promise<RunFacts | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, 'run.json'));
    return factsOf(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function nameOf({ path }: vscode.Uri): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
