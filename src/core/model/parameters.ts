/**
 * A model's parameters: one Float32Array, and a layout that says which part of it is which tensor: embedding [V, E]; of each layer and
 * direction what its kind lists; output W [V, D·H] and b [V]. What a kind keeps in one tensor lies side by side, the directions one after
 * another: W W, R R, Wb Rb Wb Rb are ONNX's W, R and B. A tied output has no W of its own. Gradients and the optimizer's moments use the
 * same layout, so that an update is one loop.
 */
import { kindOf } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import type { ParameterDescription } from '../../layers/parameters';
import { directionsOf, inputSize, topSize, type ModelConfig } from './config';
import { byRole, lengthOfShape, shapeOf, type ByRole } from './directionParameters';

export interface ParameterEntry {
  /** `embedding`, `layer0.forward.W`, `output.b`. */
  readonly name: string;
  /** −1 for the embedding and the output. */
  readonly layer: number;
  readonly direction: Direction;
  /** `embedding`, of the output `W` and `b`, of a layer that of its kind. */
  readonly role: string;
  /** Null of the embedding and the output. */
  readonly parameter: ParameterDescription | null;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  /** Elements in all. */
  readonly length: number;
}

/** Of one direction of one layer. */
export type DirectionParameters = ByRole<Float32Array>;

const none = new Float32Array(0);

export function layoutOf(config: ModelConfig): ParameterLayout {
  const entries: ParameterEntry[] = [];
  let offset = 0;
  const add = (entry: Pick<ParameterEntry, 'name' | 'layer' | 'direction' | 'role' | 'parameter' | 'shape'>) => {
    const length = lengthOfShape(entry.shape);
    entries.push({ ...entry, offset, length });
    offset += length;
  };
  const around = { layer: -1, direction: 'forward', parameter: null } as const;
  const { embeddingSize, vocabularySize, layers, tied } = config;
  if (embeddingSize !== null)
    add({ ...around, name: 'embedding', role: 'embedding', shape: [vocabularySize, embeddingSize] });
  for (const [layer, own] of layers.entries()) {
    const { parameters } = kindOf(own.cell);
    for (const tensor of new Set(parameters.map((parameter) => parameter.tensor))) {
      for (const direction of directionsOf(own)) {
        for (const parameter of parameters.filter((each) => each.tensor === tensor)) {
          const { role } = parameter;
          add({
            name: `layer${layer}.${direction}.${role}`,
            layer,
            direction,
            role,
            parameter,
            shape: shapeOf(parameter, own, inputSize(config, layer)),
          });
        }
      }
    }
  }
  if (!tied) add({ ...around, name: 'output.W', role: 'W', shape: [vocabularySize, topSize(config)] });
  add({ ...around, name: 'output.b', role: 'b', shape: [vocabularySize] });
  return { entries, length: offset };
}

/** Parameters, or anything of their shape: a gradient, a moment. */
export class Parameters {
  readonly layout: ParameterLayout;
  readonly values: Float32Array;
  /** Views into `values`, made once: of each layer its directions, the forward one first. */
  readonly layers: readonly (readonly DirectionParameters[])[];
  /** Null where tokens are read one-hot. */
  readonly embedding: Float32Array | null;
  /** W is the embedding itself when the output is tied. */
  readonly output: { readonly W: Float32Array; readonly b: Float32Array };

  constructor(config: ModelConfig, values?: Float32Array) {
    this.layout = layoutOf(config);
    this.values = values ?? new Float32Array(this.layout.length);
    const views = new Map(this.layout.entries.map((entry) => [entry.name, this.view(entry)]));
    const view = (name: string) => {
      const found = views.get(name);
      if (!found) throw new Error(`no parameter ${name}`);
      return found;
    };
    this.layers = config.layers.map((own, layer) =>
      directionsOf(own).map((direction) =>
        byRole(own.cell, ({ role }) => view(`layer${layer}.${direction}.${role}`), none),
      ),
    );
    this.embedding = views.get('embedding') ?? null;
    this.output = { W: view(config.tied ? 'embedding' : 'output.W'), b: view('output.b') };
  }

  view(entry: ParameterEntry): Float32Array {
    return this.values.subarray(entry.offset, entry.offset + entry.length);
  }
}
