/** The norms of a gradient, tensor by tensor. */
import { directionsOf, type ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import { norm } from '../../core/numeric';
import type { InspectReport } from '../../protocol/engine';

export function gradientReport(gradient: Parameters, config: ModelConfig): Pick<InspectReport, 'parameters' | 'output' | 'embedding'> {
  const directions = directionsOf(config);
  return {
    parameters: gradient.layers.flatMap((ofDirections, layer) =>
      ofDirections.map(({ W, R, Wb, Rb }, d) => ({ layer, direction: directions[d], W: norm(W), R: norm(R), Wb: norm(Wb), Rb: norm(Rb) })),
    ),
    output: { W: norm(gradient.output.W), b: norm(gradient.output.b) },
    embedding: gradient.embedding && norm(gradient.embedding),
  };
}
