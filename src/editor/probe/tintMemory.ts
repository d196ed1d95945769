/** What the text of this window is tinted by: what was chosen last, or else what the settings say. */
import * as vscode from 'vscode';
import { unitMapNamesOf, type UnitMapName } from '../../layers/catalog';
import type { LayerShape } from '../../protocol/model';
import type { RunSession } from '../runs/runSession';
import type { TintChoice } from './tintQuantity';

/** What a choice must be there in. */
type Shown = Pick<RunSession, 'layers' | 'graph' | 'shownSeries'>;

const memoryKey = 'backflow.tintedBy';

export class TintMemory implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listener: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor(private readonly memory: vscode.Memento) {
    this.listener = vscode.workspace.onDidChangeConfiguration((change) => {
      // A change of the setting takes effect at once.
      if (change.affectsConfiguration('backflow.tint.quantity')) this.choose(undefined);
    });
  }

  /** Null where tokens are not to be tinted. @param shown the model that is looked at */
  choiceFor(document: vscode.Uri, shown: Shown): TintChoice | null {
    const settings = vscode.workspace.getConfiguration('backflow.tint', document);
    if (!settings.get<boolean>('enabled', true)) return null;
    const chosen = this.memory.get<TintChoice>(memoryKey);
    if (chosen && isOf(chosen, shown)) return chosen;
    const kind = settings.get<string>('quantity');
    const set: TintChoice = { kind: kind === 'loss' || kind === 'surprise' ? kind : 'gradient' };
    return isOf(set, shown) ? set : { kind: 'gradient' };
  }

  choose(choice: TintChoice | undefined): void {
    void this.memory.update(memoryKey, choice).then(() => this.changed.fire());
  }

  dispose(): void {
    this.listener.dispose();
    this.changed.dispose();
  }
}

/** A unit or a tensor chosen for one model may not be there in the next; in graph mode there are no inputs of layers. */
function isOf(choice: TintChoice, { layers, graph, shownSeries }: Shown): boolean {
  if (choice.kind === 'surprise') return graph === null || graph.hasScores;
  if (choice.kind === 'element') {
    const width = graph?.tensors.find(({ name }) => name === choice.series)?.width ?? 0;
    return shownSeries.includes(choice.series) && choice.unit < width;
  }
  if (choice.kind === 'gradient') return choice.series === undefined || shownSeries.includes(choice.series);
  if (choice.kind === 'input') return graph === null && choice.boundary <= layers.length;
  if (choice.kind === 'loss') return true;
  const layer = layers.at(choice.layer);
  return (
    layer !== undefined &&
    choice.unit < layer.hiddenSize &&
    layer.directions.includes(choice.direction) &&
    unitMapNamesOf(layer.cell).includes(choice.quantity)
  );
}

/** What there is to choose of a model, as the quick pick shows it; the unit itself is asked for after. */
export interface UnitKind {
  readonly layer: number;
  readonly direction: 'forward' | 'backward';
  readonly quantity: UnitMapName;
  readonly units: number;
}

export function unitKinds(layers: readonly LayerShape[]): UnitKind[] {
  return layers.flatMap(({ cell, hiddenSize, directions }, layer) =>
    directions.flatMap((direction) =>
      unitMapNamesOf(cell).map((quantity) => ({ layer, direction, quantity, units: hiddenSize })),
    ),
  );
}
