/** Compare Runs…: two to four of the live runs, those on disk, recordings, and models in files. */
import * as vscode from 'vscode';
import { maxCompared } from '../../pageContract/parseFromPage';
import { textInView, type ModelOpener } from '../models/openModel';
import { stackName } from '../../layers/stackName';
import { modelExtensions } from '../models/onDisk';
import type { PastRecordings } from '../recordings/pastRecordings';
import type { PastRuns } from '../runs/pastRuns';
import type { RunRegistry } from '../runs/runRegistry';
import { nameOfModel, stateName } from '../runs/runTree';
import type { Comparisons } from './comparisons';
import { openCompared } from './openCompared';
import { localize } from '../localize';

export interface CompareRunsParts {
  readonly registry: RunRegistry;
  readonly pastRuns: PastRuns;
  readonly recordings: PastRecordings;
  readonly opener: ModelOpener;
  readonly comparisons: Comparisons;
}

/** @throws RpcError when an engine refuses; what had been opened is then closed */
export async function compareRuns(parts: CompareRunsParts): Promise<void> {
  const document = await textInView();
  if (!document) return;
  const paths = await pick(parts);
  if (!paths) return;
  if (paths.length < 2 || paths.length > maxCompared) {
    void vscode.window.showWarningMessage(localize('compare.runs.wrongCount', paths.length, maxCompared));
    return;
  }
  const asked = paths.map((path) => ({ path, change: null }));
  const compared = await openCompared(parts, asked, document);
  const name = vscode.workspace.asRelativePath(document);
  await parts.comparisons.compare(localize('compare.runs.title', name), compared, document);
}

/** Their paths; undefined when the user dismissed the question. */
async function pick({ registry, pastRuns, recordings }: CompareRunsParts): Promise<string[] | undefined> {
  type Item = vscode.QuickPickItem & { path?: string };
  const live = registry.all.map(({ description, status }): Item => ({
    label: description.name,
    description: `${nameOfModel(description)} · ${stateName(status.state)}`,
    path: description.folder,
  }));
  const runs = (await pastRuns.read()).filter(
    ({ folder, checkpoints }) => checkpoints.length > 0 && !registry.find(folder.fsPath),
  );
  const past = runs.map(({ name, record, checkpoints, folder }): Item => ({
    label: name,
    description: `${stackName(record.layers)} · ${localize('step.number', checkpoints[0])}`,
    path: folder.fsPath,
  }));
  const recorded = (await recordings.read())
    .filter(({ folder, newest }) => newest !== null && !registry.find(folder.fsPath))
    .map(({ name, model, newest, folder }): Item => ({
      label: name,
      description: `${model} · ${localize('step.number', newest ?? 0)}`,
      path: folder.fsPath,
    }));
  const browse: Item = { label: localize('model.choose.file'), alwaysShow: true };
  const placeHolder = localize('compare.runs.placeholder', maxCompared);
  const picked = await vscode.window.showQuickPick([...live, ...past, ...recorded, browse], {
    placeHolder,
    canPickMany: true,
    matchOnDescription: true,
  });
  if (!picked) return undefined;
  const paths = picked.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (!picked.includes(browse)) return paths;
  const files = await vscode.window.showOpenDialog({
    canSelectMany: true,
    openLabel: localize('compare.runs.accept'),
    filters: { [localize('model.choose.fileFilter')]: modelExtensions },
  });
  return [...paths, ...(files ?? []).map(({ fsPath }) => fsPath)];
}
