/** What there is in a model by which a text can be tinted, and whether a choice made for another model is among it. */
import { unitCountOf, unitMapNamesOf, type UnitMapName } from '../../layers/catalog';
import type { GraphSummary } from '../../protocol/graph';
import type { LayerShape } from '../../protocol/model';
import type { TintChoice } from './tintQuantity';

/** The model that is looked at. */
export interface Tinted {
  /** The lowest first; none in graph mode. */
  readonly layers: readonly LayerShape[];
  /** Null of a stack of layers. */
  readonly graph: GraphSummary | null;
  /** Whether it reads numbers: then one place alone is predicted, and nothing has a probability. */
  readonly isOfNumbers: boolean;
  /** Names of the tensors that are shown; none of a stack of layers. */
  readonly shownSeries: readonly string[];
}

/** A unit or a tensor chosen for one model may not be there in the next; in graph mode there are no inputs of layers. */
export function isChoiceOf(choice: TintChoice, { layers, graph, shownSeries, isOfNumbers }: Tinted): boolean {
  if (isOfNumbers && (choice.kind === 'surprise' || choice.kind === 'loss')) return false;
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
    layer !== undefined && layer.directions.includes(choice.direction) && choice.unit < unitsIn(layer, choice.quantity)
  );
}

/** What there is to choose of a model, as the quick pick shows it; the unit itself is asked for after. */
export interface UnitKind {
  readonly layer: number;
  readonly direction: 'forward' | 'backward';
  readonly quantity: UnitMapName;
  readonly units: number;
}

/** Layer by layer and direction by direction, in the order of the kind's maps. */
export function unitKinds(layers: readonly LayerShape[]): UnitKind[] {
  return layers.flatMap((own, layer) =>
    own.directions.flatMap((direction) =>
      unitMapNamesOf(own.cell).map((quantity) => ({ layer, direction, quantity, units: unitsIn(own, quantity) })),
    ),
  );
}

/** Of a map that the layer does not have, 0. */
function unitsIn({ cell, hiddenSize, options }: LayerShape, quantity: UnitMapName): number {
  return unitCountOf(cell, quantity, { hidden: hiddenSize, options });
}
