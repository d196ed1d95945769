/** The norms of a gradient, tensor by tensor. */
import { eachRole, type ByRole } from '../../core/model/directionParameters';
import type { LayerTrace, Floats } from '../../core/model/trace';
import { lengthOf } from '../../core/numeric';
import { torchName, torchNames } from '../../modelFiles/torchNames';
import type { InspectReport } from '../../protocol/engine';

interface Gradient {
  readonly layers: readonly (readonly (ByRole<Floats> & { readonly P?: Floats | null })[])[];
  /** Of a tied output W is the embedding, the same array. */
  readonly output: { readonly W: Floats; readonly b: Floats };
  readonly embedding: Floats | null;
  readonly norm?: { readonly gamma: Floats; readonly beta: Floats } | null;
}

export type GradientNorms = Pick<InspectReport, 'parameters' | 'output' | 'embedding' | 'parameterNorms'>;

export function gradientReport(gradient: Gradient, traces: readonly LayerTrace[]): GradientNorms {
  const { layers, output, embedding } = gradient;
  const parameters = layers.flatMap((ofDirections, layer) =>
    ofDirections.map((own, d) => {
      const { cell, directions } = traces[layer];
      return {
        layer,
        direction: directions[d].direction,
        norms: Object.fromEntries(eachRole(cell, own).map(([{ role }, values]) => [role, lengthOf(values)])),
      };
    }),
  );
  return {
    parameters,
    output: { W: lengthOf(output.W), b: lengthOf(output.b) },
    embedding: embedding && lengthOf(embedding),
    parameterNorms: Object.fromEntries(
      namedTensors(gradient, traces).map(([name, tensor]) => [name, lengthOf(tensor)]),
    ),
  };
}

/** Every parameter once, by its name in PyTorch, in the order of its modules. */
function namedTensors(
  { layers, output, embedding, norm }: Gradient,
  traces: readonly LayerTrace[],
): [string, Floats][] {
  const named: [string, Floats][] = [];
  if (embedding) named.push([torchNames.embedding, embedding]);
  layers.forEach((ofDirections, layer) => {
    ofDirections.forEach((own, d) => {
      const { cell, directions } = traces[layer];
      const { direction } = directions[d];
      for (const [parameter, values] of eachRole(cell, own))
        named.push([torchName(parameter, layer, direction), values]);
      if (own.P) named.push([torchName('peephole', layer, direction), own.P]);
    });
  });
  if (norm) named.push([torchNames.norm.gamma, norm.gamma], [torchNames.norm.beta, norm.beta]);
  if (output.W !== embedding) named.push([torchNames.output.W, output.W]);
  named.push([torchNames.output.b, output.b]);
  return named;
}
