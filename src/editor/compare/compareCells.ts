/** Compare Cells on This File: a model of each cell, with as many parameters each, trained on one text. */
import * as vscode from 'vscode';
import { settingsOfSize } from '../../protocol/parameterCount';
import { cellNames, defaultCell, type CellName } from '../../layers/catalog';
import { trainRequest, type TrainingParts } from '../train';
import { RunSession } from '../runs/runSession';
import type { Compared } from './comparison';
import type { Comparisons } from './comparisons';
import { localize } from '../localize';

/** @param target as of `train`  @throws RpcError when the engine refuses; what had begun is then ended */
export async function compareCells(parts: TrainingParts, comparisons: Comparisons, target: unknown): Promise<void> {
  const first = await trainRequest(parts, target, {
    mayAsk: false,
    adapt: (model) => ({ ...model, cell: defaultCell }),
  });
  if (!first) return;
  const title = localize('compare.cells.progress');
  const begun = new Map<CellName, RunSession>();
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async () => {
      // How many parameters a model has depends on the text's symbols, so the first one is made before the others are chosen.
      const measure = await RunSession.begin(parts.launch, { kind: 'train', request: first.request });
      begun.set(defaultCell, measure);
      const { vocabularySize, parameterCount } = measure.description.model;
      for (const cell of cellNames) {
        if (begun.has(cell)) continue;
        const other = await trainRequest(parts, target, {
          mayAsk: false,
          adapt: (model) => settingsOfSize(model, cell, vocabularySize, parameterCount),
        });
        if (other) begun.set(cell, await RunSession.begin(parts.launch, { kind: 'train', request: other.request }));
      }
    });
  } catch (error) {
    for (const session of begun.values()) session.dispose();
    throw error;
  }
  const compared = cellNames.flatMap((cell): Compared[] => {
    const session = begun.get(cell);
    if (session) session.document = first.document;
    return session ? [{ session, isOwn: true }] : [];
  });
  await comparisons.compare(localize('compare.cells.title', first.name), compared, first.document);
}
