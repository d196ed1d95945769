/** Which unit × time map a page looks at until another is chosen, and which can be chosen. */
import { firstUnitMapOf, unitMapNamesOf } from '../../layers/catalog';
import type { UnitMapChoice } from '../../protocol/frame';
import type { RunDescription } from '../../protocol/run';
import { layersOf } from '../../protocol/settings';

type Described = Pick<RunDescription, 'model' | 'graph'>;

/** The first state of the top layer, or of a graph. @param shownSeries names of the tensors that are shown of a graph */
export function usualUnitMap({ model, graph }: Described, shownSeries: readonly string[]): UnitMapChoice {
  if (graph) {
    const states = graph.tensors.filter(({ role }) => role === 'state').map(({ name }) => name);
    const layer = Math.max(
      0,
      shownSeries.findIndex((name) => states.includes(name)),
    );
    return { layer, direction: 'forward', quantity: 'hidden' };
  }
  const layers = layersOf(model);
  const layer = layers.length - 1;
  return { layer, direction: 'forward', quantity: firstUnitMapOf(layers[layer].cell) ?? 'hidden' };
}

export function hasUnitMap(
  { model, graph }: Described,
  shownSeries: readonly string[],
  choice: UnitMapChoice,
): boolean {
  if (graph) return choice.layer < shownSeries.length;
  const layer = layersOf(model).at(choice.layer);
  return layer !== undefined && unitMapNamesOf(layer.cell).includes(choice.quantity);
}
