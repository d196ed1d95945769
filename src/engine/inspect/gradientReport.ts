/** The norms of a gradient, tensor by tensor. */
import { eachRole, type ByRole } from '../../core/model/directionParameters';
import { directionNames, type LayerTrace, type Floats } from '../../core/model/trace';
import { lengthOf } from '../../core/numeric';
import type { NormRole } from '../../layers/norm';
import { torchName, torchNameInLayer, torchNames, torchNormName } from '../../modelFiles/torchNames';
import type { NameOf } from '../../modelFiles/torch/namedWeights';
import type { InspectReport } from '../../protocol/engine';

export interface ReportedGradient {
  readonly layers: readonly (readonly (ByRole<Floats> & { readonly P?: Floats | null })[])[];
  /** Of a tied output W is the embedding, the same array. */
  readonly output: { readonly W: Floats; readonly b: Floats };
  readonly embedding: Floats | null;
  /** Before the sublayers of each layer, and before the output; null where there is none. */
  readonly norms: readonly (readonly (NormFloats | null)[])[];
  readonly norm: NormFloats | null;
}

interface NormFloats {
  readonly gamma: Floats;
  /** Empty where the norm has none. */
  readonly beta: Floats;
}

/** What tensors are named by. */
export interface TensorPlaces {
  /** Nothing stands around any layer, and each is a recurrent one. */
  readonly isPlain: boolean;
  /** Of each layer the names of the norms before its sublayers. */
  readonly normNames: readonly (readonly string[])[];
  /** Of a model whose weights are exported under names of its kind's own; else null. */
  readonly exported: NameOf | null;
}

export type GradientNorms = Pick<InspectReport, 'parameters' | 'output' | 'embedding' | 'parameterNorms'>;

export function gradientReport(
  gradient: ReportedGradient,
  traces: readonly LayerTrace[],
  places: TensorPlaces,
): GradientNorms {
  const { layers, output, embedding } = gradient;
  const parameters = layers.flatMap((ofDirections, layer) =>
    ofDirections.map((own, d) => {
      const { cell } = traces[layer];
      return {
        layer,
        direction: directionNames(traces[layer])[d],
        norms: Object.fromEntries(eachRole(cell, own).map(([{ role }, values]) => [role, lengthOf(values)])),
      };
    }),
  );
  return {
    parameters,
    output: { W: lengthOf(output.W), b: lengthOf(output.b) },
    embedding: embedding && lengthOf(embedding),
    parameterNorms: Object.fromEntries(
      namedTensors(gradient, traces, places).map(([name, tensor]) => [name, lengthOf(tensor)]),
    ),
  };
}

/** Every parameter once, by its name in PyTorch or as it is exported, in the order of its modules. */
function namedTensors(
  { layers, output, embedding, norms, norm }: ReportedGradient,
  traces: readonly LayerTrace[],
  { isPlain, normNames, exported }: TensorPlaces,
): [string, Floats][] {
  const named: [string, Floats][] = [];
  const around = { layer: -1 } as const;
  if (embedding)
    named.push([exported?.({ ...around, name: 'embedding', role: 'embedding' }) ?? torchNames.embedding, embedding]);
  const addNorm = (values: NormFloats | null, name: (role: NormRole) => string) => {
    if (values) named.push([name('gamma'), values.gamma]);
    if (values && values.beta.length > 0) named.push([name('beta'), values.beta]);
  };
  layers.forEach((ofDirections, layer) => {
    norms[layer].forEach((values, s) =>
      addNorm(values, (role) => {
        const name = normNames[layer][s];
        return exported?.({ name: '', role: `${name}.${role}`, layer }) ?? torchNormName(layer, name, role);
      }),
    );
    ofDirections.forEach((own, d) => {
      const { cell, directions } = traces[layer];
      const direction = directionNames(traces[layer])[d];
      const nameOf = (parameter: Parameters<typeof torchName>[0]) =>
        isPlain
          ? torchName(parameter, layer, direction)
          : torchNameInLayer(parameter, layer, direction, directions.length === 0);
      for (const [parameter, values] of eachRole(cell, own))
        named.push([exported?.({ name: '', role: parameter.role, layer }) ?? nameOf(parameter), values]);
      if (own.P) named.push([nameOf('peephole'), own.P]);
    });
  });
  addNorm(
    norm,
    (role) => exported?.({ ...around, name: `norm.${role}`, role: `norm.${role}` }) ?? torchNames.norm[role],
  );
  const ofOutput = (role: 'W' | 'b') =>
    exported?.({ ...around, name: `output.${role}`, role }) ?? torchNames.output[role];
  if (output.W !== embedding) named.push([ofOutput('W'), output.W]);
  named.push([ofOutput('b'), output.b]);
  return named;
}
