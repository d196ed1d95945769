/**
 * A model's parameters: one Float32Array, and a layout that says which part of it is which tensor: embedding [V, E]; of each layer the norms before its
 * sublayers, and of each direction what its kind lists; the final norm; output W [V, D·H] and b [V]. What a kind keeps in one tensor lies side by side, the directions one after
 * another: W W, R R, Wb Rb Wb Rb are ONNX's W, R and B. A tied output has no W of its own. Gradients and the optimizer's moments use the
 * same layout, so that an update is one loop.
 */
import { kindOf } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import type { ParameterDescription } from '../../layers/parameters';
import { directionsOf, sizesOf, topSize, type ModelConfig } from './config';
import { byRole, lengthOfShape, shapeOf, type ByRole } from './directionParameters';
import { normDescriptions, normName, sublayersOf } from './sublayers';

export interface ParameterEntry {
  /** `embedding`, `layer0.forward.W`, `output.b`. */
  readonly name: string;
  /** −1 for the embedding, the final norm and the output. */
  readonly layer: number;
  readonly direction: Direction;
  /** `embedding`, of the output `W` and `b`, of a layer that of its kind, of a norm `norm.gamma`. */
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

/** γ and β [F]; β empty where the norm has none. */
export interface NormWeights {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
}

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
    const sizes = sizesOf(config, layer);
    for (const sublayer of sublayersOf(config, layer)) {
      for (const { parameter } of normDescriptions(sublayer.norm, normName(sublayer))) {
        const { role } = parameter;
        add({ ...around, name: `layer${layer}.${role}`, layer, role, parameter, shape: [sublayer.inputSize] });
      }
    }
    for (const tensor of new Set(parameters.map((parameter) => parameter.tensor))) {
      for (const direction of directionsOf(own)) {
        for (const parameter of parameters.filter((each) => each.tensor === tensor)) {
          const { role } = parameter;
          const shape = shapeOf(parameter, own.cell, sizes);
          if (shape) add({ name: `layer${layer}.${direction}.${role}`, layer, direction, role, parameter, shape });
        }
      }
    }
  }
  for (const { parameter } of normDescriptions(config.finalNorm, 'norm')) {
    const { role } = parameter;
    add({ ...around, name: role, role, parameter, shape: [topSize(config)] });
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
  /** Of each layer those before its sublayers; null where there is none. */
  readonly norms: readonly (readonly (NormWeights | null)[])[];
  readonly finalNorm: NormWeights | null;
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
        byRole(own.cell, ({ role }) => views.get(`layer${layer}.${direction}.${role}`), none),
      ),
    );
    const norm = (name: string): NormWeights | null => {
      const gamma = views.get(`${name}.gamma`);
      return gamma ? { gamma, beta: views.get(`${name}.beta`) ?? none } : null;
    };
    this.norms = config.layers.map((_, layer) =>
      sublayersOf(config, layer).map((sublayer) => norm(`layer${layer}.${normName(sublayer)}`)),
    );
    this.finalNorm = norm('norm');
    this.embedding = views.get('embedding') ?? null;
    this.output = { W: view(config.tied ? 'embedding' : 'output.W'), b: view('output.b') };
  }

  view(entry: ParameterEntry): Float32Array {
    return this.values.subarray(entry.offset, entry.offset + entry.length);
  }
}
