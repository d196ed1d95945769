/** Compare Runs…: two to four of the live runs, those on disk, and models in files. */
import * as vscode from 'vscode';
import { maxCompared } from '../../pageContract/parseFromPage';
import { textInView, type ModelOpener } from '../models/openModel';
import type { PastRuns } from '../runs/pastRuns';
import type { RunRegistry } from '../runs/runRegistry';
import { modelName, stateName } from '../runs/runTree';
import type { Compared } from './comparison';
import type { Comparisons } from './comparisons';

export interface CompareRunsParts {
  readonly registry: RunRegistry;
  readonly pastRuns: PastRuns;
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
    void vscode.window.showWarningMessage(vscode.l10n.t('{0} were chosen; two to {1} can be compared.', paths.length, maxCompared));
    return;
  }
  const compared: Compared[] = [];
  try {
    for (const path of paths) {
      const live = parts.registry.find(path);
      const session = live ?? (await parts.opener.begin(path, document));
      if (session) compared.push({ session, isOwn: !live });
    }
  } catch (error) {
    for (const { session, isOwn } of compared) if (isOwn) session.dispose();
    throw error;
  }
  const name = vscode.workspace.asRelativePath(document);
  await parts.comparisons.compare(vscode.l10n.t('Comparison on {0}', name), compared, document);
}

/** Their paths; undefined when the user dismissed the question. */
async function pick({ registry, pastRuns }: CompareRunsParts): Promise<string[] | undefined> {
  type Item = vscode.QuickPickItem & { path?: string };
  const live = registry.all.map(({ description, status }): Item => ({ label: description.name, description: `${modelName(description.model)} · ${stateName(status.state)}`, path: description.folder }));
  const runs = (await pastRuns.read()).filter(({ folder, checkpoints }) => checkpoints.length > 0 && !registry.find(folder.fsPath));
  const past = runs.map(({ name, record, checkpoints, folder }): Item => ({ label: name, description: `${modelName(record)} · ${vscode.l10n.t('step {0}', checkpoints[0])}`, path: folder.fsPath }));
  const browse: Item = { label: vscode.l10n.t('Choose a model file…'), alwaysShow: true };
  const placeHolder = vscode.l10n.t('Two to {0} runs or models to compare on the text', maxCompared);
  const picked = await vscode.window.showQuickPick([...live, ...past, browse], { placeHolder, canPickMany: true, matchOnDescription: true });
  if (!picked) return undefined;
  const paths = picked.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (!picked.includes(browse)) return paths;
  const files = await vscode.window.showOpenDialog({ canSelectMany: true, openLabel: vscode.l10n.t('Compare'), filters: { [vscode.l10n.t('Models')]: ['onnx', 'safetensors'] } });
  return [...paths, ...(files ?? []).map(({ fsPath }) => fsPath)];
}
