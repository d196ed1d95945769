/** The models of the reference: float64 parameters in ONNX roles and gate order. Everything here is written to be read, not to be fast. */

export type Vector = Float64Array;

/**
 * One layer, matrices row-major: W [G·H, I] of the input, R [G·H, H] of the state, biases Wb and Rb [G·H].
 * Gates: rnn one; lstm i, o, f, c; gru z, r, h (linear_before_reset = 1).
 */
export interface ReferenceLayer {
  readonly W: Vector;
  readonly R: Vector;
  readonly Wb: Vector;
  readonly Rb: Vector;
}

/** Parameters, or their gradients, which have the same shapes. Output: W [V, H], b [V]. */
export interface ReferenceParameters {
  readonly layers: readonly ReferenceLayer[];
  readonly output: { readonly W: Vector; readonly b: Vector };
}

export type ReferenceCellName = 'rnn' | 'lstm' | 'gru';
export type ReferenceActivation = 'tanh' | 'relu';

export interface ReferenceModel extends ReferenceParameters {
  readonly cell: ReferenceCellName;
  /** Of a vanilla RNN only. */
  readonly activation: ReferenceActivation;
}

/** State of one layer. `c` is empty except for lstm. */
export interface ReferenceState {
  readonly h: Vector;
  readonly c: Vector;
}

export const gateNames = { rnn: ['h'], lstm: ['i', 'o', 'f', 'c'], gru: ['z', 'r', 'h'] } as const;

export const hiddenSizeOf = (model: ReferenceParameters): number => model.output.W.length / model.output.b.length;
export const vocabularySizeOf = (model: ReferenceParameters): number => model.output.b.length;

export function zeroState(model: ReferenceModel): ReferenceState[] {
  const hiddenSize = hiddenSizeOf(model);
  return model.layers.map(() => ({
    h: new Float64Array(hiddenSize),
    c: new Float64Array(model.cell === 'lstm' ? hiddenSize : 0),
  }));
}

/** Applies `f` to every array: a copy, zeros of the same shapes, an update … */
export function mapParameters(
  parameters: ReferenceParameters,
  f: (values: Vector, role: string) => Vector,
): ReferenceParameters {
  return {
    layers: parameters.layers.map((layer, l) => ({
      W: f(layer.W, `layer ${l} W`),
      R: f(layer.R, `layer ${l} R`),
      Wb: f(layer.Wb, `layer ${l} Wb`),
      Rb: f(layer.Rb, `layer ${l} Rb`),
    })),
    output: { W: f(parameters.output.W, 'output W'), b: f(parameters.output.b, 'output b') },
  };
}

/** Every array with its name, layer by layer in the order W, R, Wb, Rb, and last the output's W and b. */
export function listParameters(parameters: ReferenceParameters): { readonly role: string; readonly values: Vector }[] {
  const list: { role: string; values: Vector }[] = [];
  mapParameters(parameters, (values, role) => {
    list.push({ role, values });
    return values;
  });
  return list;
}

export const zerosLike = (parameters: ReferenceParameters): ReferenceParameters =>
  mapParameters(parameters, (values) => new Float64Array(values.length));
