/** Choose Tensors…: which tensors of a model in graph mode are shown. The choice holds for as long as the model is open. */
import * as vscode from 'vscode';
import type { SeriesChoice, SeriesRole } from '../../protocol/graph';
import type { RunSession } from '../runs/runSession';
import { localize } from '../localize';

/** Beyond this neither rows nor lines can be told apart. */
const maxShown = 32;

const roles: readonly SeriesRole[] = ['embedding', 'state', 'residual', 'tensor'];

interface Item extends vscode.QuickPickItem {
  readonly tensor?: SeriesChoice;
}

export async function pickTensors(session: RunSession | undefined): Promise<void> {
  if (!session?.graph) {
    void vscode.window.showInformationMessage(localize('tensors.needsGraph'));
    return;
  }
  const picked = await vscode.window.showQuickPick(itemsOf(session.graph.tensors, session.shownSeries), {
    title: localize('tensors.title', session.description.name),
    placeHolder: localize('tensors.placeholder', maxShown),
    canPickMany: true,
    matchOnDescription: true,
  });
  if (!picked) return;
  if (picked.length > maxShown) {
    void vscode.window.showWarningMessage(localize('tensors.tooMany', picked.length, maxShown));
    return;
  }
  const names = picked.flatMap(({ tensor }) => (tensor ? [tensor.name] : []));
  // None means the usual ones.
  session.chooseSeries(names.length > 0 ? names : null);
}

/** Under their roles, in the order of the graph. */
function itemsOf(tensors: readonly SeriesChoice[], shown: readonly string[]): Item[] {
  return roles.flatMap((role): Item[] => {
    const own = tensors.filter((tensor) => tensor.role === role);
    if (own.length === 0) return [];
    return [
      { label: headingOf(role), kind: vscode.QuickPickItemKind.Separator },
      ...own.map((tensor) => ({
        label: tensor.name,
        description: descriptionOf(tensor),
        picked: shown.includes(tensor.name),
        tensor,
      })),
    ];
  });
}

function descriptionOf({ width, isReversed }: SeriesChoice): string {
  const size = localize('count.unit.many', width);
  return isReversed ? `${size} · ${localize('tensors.reversed')}` : size;
}

function headingOf(role: SeriesRole): string {
  switch (role) {
    case 'embedding':
      return localize('tensors.embedding');
    case 'state':
      return localize('tensors.states');
    case 'residual':
      return localize('tensors.residuals');
    case 'tensor':
      return localize('tensors.others');
  }
}
