/** Compare Kinds on This File…: a model of each chosen kind of layer, or of the settings' mixture, with as many parameters each, trained on one text. */
import * as vscode from 'vscode';
import { maxCompared } from '../../pageContract/parseFromPage';
import { kindOf } from '../../layers/catalog';
import { stackName } from '../../layers/stackName';
import { layersOf } from '../../protocol/settings';
import { modelSettings, type SettingReader } from '../chosenSettings';
import { settingsOf, trainRequest, type TrainingParts } from '../train';
import { RunSession } from '../runs/runSession';
import {
  kindsIn,
  measuredKind,
  mixtureName,
  modelOfKind,
  offeredKinds,
  usualKinds,
  type ComparedKind,
} from './comparedKinds';
import type { Compared } from './comparison';
import type { Comparisons } from './comparisons';
import { localize } from '../localize';

/**
 * @param target as of `train`; `kinds`, a list of their names, is compared without a question; "mixture" names that of the settings
 * @throws RpcError when the engine refuses; what had begun is then ended
 */
export async function compareKinds(parts: TrainingParts, comparisons: Comparisons, target: unknown): Promise<void> {
  const kinds = kindsIn(target) ?? (await pickKinds(settingsOf(target)));
  if (!kinds) return;
  if (kinds.length < 2 || kinds.length > maxCompared) {
    void vscode.window.showWarningMessage(localize('compare.runs.wrongCount', kinds.length, maxCompared));
    return;
  }
  const measured = measuredKind(kinds);
  const first = await trainRequest(parts, target, {
    mayAsk: false,
    adapt: (read) => modelOfKind(measured, read, null),
  });
  if (!first) return;
  const title = localize('compare.kinds.progress', kinds.length);
  const begun = new Map<ComparedKind, RunSession>();
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async () => {
      // How many parameters a model has depends on the text's symbols, so the first one is made before the others are chosen.
      const measure = await RunSession.begin(parts.launch, { kind: 'train', request: first.request });
      begun.set(measured, measure);
      const { model } = measure.description;
      for (const kind of kinds) {
        if (begun.has(kind)) continue;
        const other = await trainRequest(parts, target, {
          mayAsk: false,
          adapt: (read) => modelOfKind(kind, read, model),
        });
        if (other) begun.set(kind, await RunSession.begin(parts.launch, { kind: 'train', request: other.request }));
      }
    });
  } catch (error) {
    for (const session of begun.values()) session.dispose();
    throw error;
  }
  const compared = kinds.flatMap((kind): Compared[] => {
    const session = begun.get(kind);
    if (session) session.document = first.document;
    return session ? [{ session, isOwn: true }] : [];
  });
  const key = kinds.includes(mixtureName) ? 'compare.kinds.titleOfModels' : 'compare.kinds.title';
  await comparisons.compare(localize(key, compared.length, first.name), compared, first.document);
}

/** Undefined when the user dismissed the question. */
async function pickKinds(read: SettingReader): Promise<ComparedKind[] | undefined> {
  const usual = usualKinds(read);
  const items = offeredKinds(read).map((kind): vscode.QuickPickItem & { readonly kindName: ComparedKind } => ({
    ...(kind === mixtureName ? mixtureItem(read) : kindItem(kind)),
    picked: usual.includes(kind),
    kindName: kind,
  }));
  const placeHolder = localize('compare.kinds.placeholder', maxCompared);
  const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true, matchOnDescription: true });
  return picked?.map(({ kindName }) => kindName);
}

function kindItem(kind: Exclude<ComparedKind, typeof mixtureName>): vscode.QuickPickItem {
  const { label, title } = kindOf(kind);
  const name = localize(title);
  return { label, ...(name !== label && { description: name }) };
}

function mixtureItem(read: SettingReader): vscode.QuickPickItem {
  return { label: stackName(layersOf(modelSettings(read))), description: localize('compare.kinds.mixture') };
}
