/** The norms of a gradient, tensor by tensor. */
import type { LayerTrace, Floats } from '../../core/model/trace';
import { lengthOf } from '../../core/numeric';
import type { InspectReport } from '../../protocol/engine';

interface Gradient {
  readonly layers: readonly (readonly { readonly W: Floats; readonly R: Floats; readonly Wb: Floats; readonly Rb: Floats }[])[];
  readonly output: { readonly W: Floats; readonly b: Floats };
  readonly embedding: Floats | null;
}

export function gradientReport({ layers, output, embedding }: Gradient, traces: readonly LayerTrace[]): Pick<InspectReport, 'parameters' | 'output' | 'embedding'> {
  return {
    parameters: layers.flatMap((ofDirections, layer) =>
      ofDirections.map(({ W, R, Wb, Rb }, d) => {
        const { direction } = traces[layer].directions[d];
        return { layer, direction, W: lengthOf(W), R: lengthOf(R), Wb: lengthOf(Wb), Rb: lengthOf(Rb) };
      }),
    ),
    output: { W: lengthOf(output.W), b: lengthOf(output.b) },
    embedding: embedding && lengthOf(embedding),
  };
}
