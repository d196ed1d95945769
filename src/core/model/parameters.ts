/**
 * A model's parameters: one Float32Array, and a layout that says which part of it is which tensor. Roles, gate order and
 * shapes are ONNX's: embedding [V, E]; of each layer and direction W [G·H, I], R [G·H, H], Wb and Rb [G·H], with the G gate blocks
 * in the order `i o f c` (LSTM) or `z r h` (GRU); output W [V, D·H] and b [V]. The W of a layer's two directions lie side by side, so
 * do their R, and their Wb, Rb, Wb, Rb: together they are ONNX's W, R and B. A tied output has no W of its own. Gradients and the
 * optimizer's moments use the same layout, so that an update is one loop.
 */
import { kindOf } from '../../layers/catalog';
import { directionsOf, inputSize, topSize, type ModelConfig } from './config';
import type { Direction } from '../../layers/direction';

export type Role = 'embedding' | 'W' | 'R' | 'Wb' | 'Rb' | 'b';

export interface ParameterEntry {
  /** `embedding`, `layer0.forward.W`, `output.b`. */
  readonly name: string;
  /** −1 for the embedding and the output. */
  readonly layer: number;
  readonly direction: Direction;
  readonly role: Role;
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
export interface DirectionParameters {
  readonly W: Float32Array;
  readonly R: Float32Array;
  readonly Wb: Float32Array;
  readonly Rb: Float32Array;
}

export function layoutOf(config: ModelConfig): ParameterLayout {
  const entries: ParameterEntry[] = [];
  let offset = 0;
  const add = (name: string, layer: number, direction: Direction, role: Role, shape: readonly number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    entries.push({ name, layer, direction, role, shape, offset, length });
    offset += length;
  };
  const { embeddingSize, vocabularySize, layers, tied } = config;
  if (embeddingSize !== null) add('embedding', -1, 'forward', 'embedding', [vocabularySize, embeddingSize]);
  for (const [layer, own] of layers.entries()) {
    const { hiddenSize } = own;
    const rows = kindOf(own.cell).gates.length * hiddenSize;
    const directions = directionsOf(own);
    const addOf = (direction: Direction, role: Role, shape: readonly number[]) => add(`layer${layer}.${direction}.${role}`, layer, direction, role, shape);
    for (const direction of directions) addOf(direction, 'W', [rows, inputSize(config, layer)]);
    for (const direction of directions) addOf(direction, 'R', [rows, hiddenSize]);
    for (const direction of directions) {
      addOf(direction, 'Wb', [rows]);
      addOf(direction, 'Rb', [rows]);
    }
  }
  if (!tied) add('output.W', -1, 'forward', 'W', [vocabularySize, topSize(config)]);
  add('output.b', -1, 'forward', 'b', [vocabularySize]);
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
      directionsOf(own).map((direction) => {
        const of = (role: Role) => view(`layer${layer}.${direction}.${role}`);
        return { W: of('W'), R: of('R'), Wb: of('Wb'), Rb: of('Rb') };
      }),
    );
    this.embedding = views.get('embedding') ?? null;
    this.output = { W: view(config.tied ? 'embedding' : 'output.W'), b: view('output.b') };
  }

  view(entry: ParameterEntry): Float32Array {
    return this.values.subarray(entry.offset, entry.offset + entry.length);
  }
}
