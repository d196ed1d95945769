/** How the series of a recording lie in its frames. */
import type { RecordedStep } from '../../formats/recording/stepFile';
import { kindOf } from '../../layers/catalog';
import type { LayerShape } from '../../protocol/model';
import type { FrameLane } from '../../protocol/seriesFrame';
import type { Inspector } from '../inspect/inspector';
import { summaryOf } from '../model/summary';
import { isAt } from './places';

export interface RecordedLanes {
  /** Of the model that was read again; empty where there is none. */
  readonly layers: readonly LayerShape[];
  /** By the series' name; null of one that has no lane. */
  readonly laneOf: (series: string) => FrameLane | null;
}

/** Where the series of a recording lie among the layers of the model that was read again; without one no layers. */
export function lanesOf({
  step,
  inspector,
}: {
  readonly step: RecordedStep;
  readonly inspector: Inspector | null;
}): RecordedLanes {
  if (!inspector) return { layers: [], laneOf: () => null };
  const { general } = inspector.model;
  const { layers } = summaryOf(general, null);
  const lanes = new Map(
    step.series.flatMap(({ name, module, layer, direction, state }) => {
      const at = general.layers.findIndex((each) => isAt(each, module, layer));
      const own = at < 0 ? undefined : kindOf(layers[at].cell).states.find(({ symbol }) => symbol === state);
      return own ? [[name, { layer: at, direction: direction ?? 'forward', state: own.name }] as const] : [];
    }),
  );
  return { layers, laneOf: (name) => lanes.get(name) ?? null };
}
