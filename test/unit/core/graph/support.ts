/** Graphs of few nodes, run and differentiated. */
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient } from '../../../../src/core/graph/gradient';
import type { GraphModel } from '../../../../src/core/graph/model';
import { GraphProgram, type GraphRun } from '../../../../src/core/graph/run';
import { Variable } from '../../../../src/core/graph/variable';
import type { Tensor } from '../../../../src/core/graph/tensor';
import {
  attributeType,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
} from '../../../../src/formats/onnx/messages';

export type PlainAttribute = number | string | readonly number[] | readonly string[] | GraphProto;

/** A number with a fraction is a float; one without is one where the operator has a float of that name. */
export const floatNames = new Set([
  'alpha',
  'beta',
  'gamma',
  'lambd',
  'bias',
  'epsilon',
  'clip',
  'value',
  'min',
  'max',
  'activation_alpha',
  'activation_beta',
  'ratio',
  'value_float',
  'scale',
  'softcap',
  'activation_alpha',
]);

export function attributeOf(name: string, value: PlainAttribute): AttributeProto {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === 'string') return { name, type: attributeType.string, s: bytes(value) };
  if (typeof value === 'number')
    return floatNames.has(name) || !Number.isInteger(value)
      ? { name, type: attributeType.float, f: value }
      : { name, type: attributeType.int, i: value };
  if ('node' in value) return { name, type: 5, g: value };
  if (typeof value[0] === 'string')
    return { name, type: attributeType.strings, strings: value.map((item) => bytes(String(item))) };
  return floatNames.has(name)
    ? { name, type: attributeType.floats, floats: value.map(Number) }
    : { name, type: attributeType.ints, ints: value.map(Number) };
}

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, PlainAttribute>> = {},
  domain = '',
): NodeProto {
  return {
    opType,
    domain,
    name: '',
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  };
}

export function graph(
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  outputs: readonly string[],
  initializer: GraphProto['initializer'] = [],
): GraphProto {
  return {
    name: 'graph',
    node: [...nodes],
    initializer,
    input: inputs.map((name) => ({ name })),
    output: outputs.map((name) => ({ name })),
  };
}

export function modelOf(of: GraphProto, opset = 18): GraphModel {
  return { graph: of, opsetImport: [{ domain: '', version: opset }] };
}

export function runModel(model: GraphModel, inputs: Readonly<Record<string, Tensor>>): GraphRun {
  return new GraphProgram(model, () => {
    throw new Error('nothing lies outside');
  }).run(new Map(Object.entries(inputs)));
}

/** Throws where the run has not got as far. */
export function variable(run: GraphRun, name: string): Variable {
  const value = run.values.get(name);
  if (!(value instanceof Variable)) throw run.failures[0] ?? new Error(`no tensor ${name}`);
  return value;
}

/** Gradients of Σ seeds · outputs by some variables, as plain numbers; undefined where none flows. */
export function gradientsBy(
  run: GraphRun,
  seeds: ReadonlyMap<Variable, Float64Array>,
  wanted: readonly Variable[],
): (Float64Array | undefined)[] {
  const found = differentiate(run.tape, wanted)(new Map([...seeds].map(([of, seed]) => [of, Gradient.of(seed)])));
  return wanted.map((of) => found.get(of)?.toFloat64());
}

/** Largest difference, relative to the larger of 1 and the number; infinite for other lengths. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const apart = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i]));
    largest = apart <= largest ? largest : apart;
    if (Number.isNaN(apart)) return Infinity;
  }
  return largest;
}
