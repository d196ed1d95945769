/** What another extension is given of the engine's report. */
import type { InspectReport } from '../../protocol/engine';
import { regionsOf, relativeTo, type Thresholds } from '../../terms/regions';
import type { Flow } from './backflow';

/** A layer that carries no state has no row among the layers; what it reads is among the inputs, as that of every layer is. */
export function flowOf(
  { loss, tokens, starts, ends, layers, inputs, regions }: InspectReport,
  thresholds: Thresholds,
): Flow {
  return {
    loss,
    tokens,
    starts,
    ends,
    target: inputs[0].flow.target,
    layers: layers
      .filter(({ states }) => states.length > 0)
      .map(({ layer, direction, states: [{ norm, total, flow }] }) => ({
        layer,
        direction,
        hidden: norm,
        gradient: flow.log10,
        total,
        horizon: flow.horizon,
        level: flow.level,
        regions: regions
          .filter((region) => region.layer === layer && region.direction === direction)
          .map(({ kind, from, to }) => ({ kind, from, to })),
      })),
    inputs: inputs.map(({ boundary, total, flow: { target, log10, horizon, level } }) => ({
      boundary,
      gradient: log10,
      total,
      horizon,
      level,
      regions: regionsOf(relativeTo(target, log10), thresholds),
    })),
  };
}
