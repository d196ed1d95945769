/**
 * A model's parameters: one Float32Array, and a layout that says which part of it is which tensor. Roles, gate order and
 * shapes are ONNX's: W [G·H, I], R [G·H, H], Wb and Rb [G·H] (side by side, so that together they are ONNX's B), with the G
 * gate blocks in the order `i o f c` (LSTM) or `z r h` (GRU); output W [V, H] and b [V]. Gradients and the optimizer's moments
 * use the same layout, so that an update is one loop.
 */
import { cellOf } from './cells/registry';
import { inputSize, type Direction, type ModelConfig } from './config';

export type Role = 'W' | 'R' | 'Wb' | 'Rb' | 'b';

export interface ParameterEntry {
  /** `layer0.forward.W`, `output.b`. */
  readonly name: string;
  /** −1 for the output. */
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

export interface LayerParameters {
  readonly W: Float32Array;
  readonly R: Float32Array;
  readonly Wb: Float32Array;
  readonly Rb: Float32Array;
  /** Wb and Rb together, ONNX's B. */
  readonly B: Float32Array;
}

export function layoutOf(config: ModelConfig): ParameterLayout {
  const entries: ParameterEntry[] = [];
  let offset = 0;
  const add = (name: string, layer: number, role: Role, shape: readonly number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    entries.push({ name, layer, direction: 'forward', role, shape, offset, length });
    offset += length;
  };
  const rows = cellOf(config.cell).gateCount * config.hiddenSize;
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `layer${layer}.forward`;
    add(`${prefix}.W`, layer, 'W', [rows, inputSize(config, layer)]);
    add(`${prefix}.R`, layer, 'R', [rows, config.hiddenSize]);
    add(`${prefix}.Wb`, layer, 'Wb', [rows]);
    add(`${prefix}.Rb`, layer, 'Rb', [rows]);
  }
  add('output.W', -1, 'W', [config.vocabularySize, config.hiddenSize]);
  add('output.b', -1, 'b', [config.vocabularySize]);
  return { entries, length: offset };
}

/** Parameters, or anything of their shape: a gradient, a moment. */
export class Parameters {
  readonly layout: ParameterLayout;
  readonly values: Float32Array;
  /** Views into `values`, made once. */
  readonly layers: readonly LayerParameters[];
  readonly output: { readonly W: Float32Array; readonly b: Float32Array };

  constructor(config: ModelConfig, values?: Float32Array) {
    this.layout = layoutOf(config);
    this.values = values ?? new Float32Array(this.layout.length);
    this.layers = Array.from({ length: config.layers }, (_, layer) => {
      const view = (role: Role) => this.view(this.entry(layer, role));
      const bias = this.entry(layer, 'Wb');
      const B = this.values.subarray(bias.offset, bias.offset + 2 * bias.length);
      return { W: view('W'), R: view('R'), Wb: view('Wb'), Rb: view('Rb'), B };
    });
    this.output = { W: this.view(this.entry(-1, 'W')), b: this.view(this.entry(-1, 'b')) };
  }

  view(entry: ParameterEntry): Float32Array {
    return this.values.subarray(entry.offset, entry.offset + entry.length);
  }

  private entry(layer: number, role: Role): ParameterEntry {
    const entry = this.layout.entries.find((e) => e.layer === layer && e.role === role);
    if (!entry) throw new Error(`no parameter ${role} in layer ${layer}`);
    return entry;
  }
}
