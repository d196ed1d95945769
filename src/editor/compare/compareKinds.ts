/** Compare Kinds on This File…: a model of each chosen kind of layer, with as many parameters each, trained on one text. */
import * as vscode from 'vscode';
import { maxCompared } from '../../pageContract/parseFromPage';
import { settingsOfSize } from '../../protocol/parameterCount';
import { cellNames, checkCell, comparedCells, defaultCell, kindOf, type CellName } from '../../layers/catalog';
import { trainRequest, type TrainingParts } from '../train';
import { RunSession } from '../runs/runSession';
import type { Compared } from './comparison';
import type { Comparisons } from './comparisons';
import { localize } from '../localize';

/**
 * @param target as of `train`; `kinds`, a list of their names, is compared without a question
 * @throws RpcError when the engine refuses; what had begun is then ended
 */
export async function compareKinds(parts: TrainingParts, comparisons: Comparisons, target: unknown): Promise<void> {
  const kinds = kindsIn(target) ?? (await pickKinds());
  if (!kinds) return;
  if (kinds.length < 2 || kinds.length > maxCompared) {
    void vscode.window.showWarningMessage(localize('compare.runs.wrongCount', kinds.length, maxCompared));
    return;
  }
  // As many parameters as the default kind has with the settings as they are, or the first one where that is not among them.
  const measured = kinds.includes(defaultCell) ? defaultCell : kinds[0];
  const first = await trainRequest(parts, target, { mayAsk: false, adapt: (model) => ({ ...model, cell: measured }) });
  if (!first) return;
  const title = localize('compare.kinds.progress', kinds.length);
  const begun = new Map<CellName, RunSession>();
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async () => {
      // How many parameters a model has depends on the text's symbols, so the first one is made before the others are chosen.
      const measure = await RunSession.begin(parts.launch, { kind: 'train', request: first.request });
      begun.set(measured, measure);
      const { vocabularySize, parameterCount } = measure.description.model;
      for (const kind of kinds) {
        if (begun.has(kind)) continue;
        const other = await trainRequest(parts, target, {
          mayAsk: false,
          adapt: (model) => settingsOfSize(model, kind, vocabularySize, parameterCount),
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
  await comparisons.compare(localize('compare.kinds.title', compared.length, first.name), compared, first.document);
}

/** Those that a key binding or another extension gives, each once; undefined where it gives none. Throws a UserError for a name that no kind has. */
function kindsIn(target: unknown): CellName[] | undefined {
  const given =
    typeof target === 'object' && target !== null ? (target as Record<string, unknown>)['kinds'] : undefined;
  return Array.isArray(given) ? [...new Set(given.map((name: unknown) => checkCell(String(name))))] : undefined;
}

/** In the order of the catalog; undefined when the user dismissed the question. */
async function pickKinds(): Promise<CellName[] | undefined> {
  const items = cellNames.map((kind): vscode.QuickPickItem & { readonly kindName: CellName } => {
    const { label, title } = kindOf(kind);
    const name = localize(title);
    return {
      label,
      ...(name !== label && { description: name }),
      picked: comparedCells.includes(kind),
      kindName: kind,
    };
  });
  const placeHolder = localize('compare.kinds.placeholder', maxCompared);
  const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true, matchOnDescription: true });
  return picked?.map(({ kindName }) => kindName);
}
