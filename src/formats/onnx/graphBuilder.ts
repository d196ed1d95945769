/** Builds a GraphProto node by node; every method returns the name of its output. */
import {
  attributeType,
  dataType,
  type AttributeProto,
  type Dimension,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './messages';

/** An integer, a string, integers, strings, or what is said to be floats or a graph. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: GraphProto };

/** A dimension: a size, or the name of one that is known at run time. */
export type Size = number | string;

export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private readonly constants = new Map<string, string>();
  private counter = 0;

  input(name: string, elementType: number, shape: readonly Size[]): string {
    this.inputs.push(valueInfo(name, elementType, shape));
    return name;
  }

  output(name: string, elementType: number, shape: readonly Size[]): void {
    this.outputs.push(valueInfo(name, elementType, shape));
  }

  /** An output that is a sequence of tensors. */
  sequenceOutput(name: string, elemType: number): void {
    this.outputs.push({ name, type: { sequenceType: { elemType: { tensorType: { elemType } } } } });
  }

  /** A float tensor kept in the graph; `data` is copied. */
  floats(name: string, shape: readonly number[], data: Float32Array): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.initializers.push({ name, dims: [...shape], dataType: dataType.float, rawData });
    return name;
  }

  /** An int64 vector, or scalar when `values` is a number; the same one is kept once. */
  integers(values: number | readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values;
    const key = JSON.stringify(values);
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = `integers${this.constants.size}`;
    const rawData = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    this.initializers.push({
      name,
      dims: typeof values === 'number' ? [] : [list.length],
      dataType: dataType.int64,
      rawData,
    });
    this.constants.set(key, name);
    return name;
  }

  /** A float scalar; the same one is kept once. */
  number(value: number): string {
    const key = `float ${value}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.floats(`float${this.constants.size}`, [], Float32Array.of(value));
    this.constants.set(key, name);
    return name;
  }

  /** Adds a node with one output, named or numbered. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output?: string,
  ): string {
    const name = output ?? `${opType}_${this.counter++}`;
    this.nodeWithOutputs(opType, inputs, [name], attributes);
    return name;
  }

  nodeWithOutputs(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): void {
    this.nodes.push({
      name: `${opType}:${outputs.find((name) => name !== '') ?? this.counter++}`,
      opType,
      input: [...inputs],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
  }

  build(name: string): GraphProto {
    return { name, node: this.nodes, initializer: this.initializers, input: this.inputs, output: this.outputs };
  }
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeType.int, i: value };
  if (typeof value === 'string') return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: attributeType.float, f: value.float };
  if ('floats' in value) return { name, type: attributeType.floats, floats: [...value.floats] };
  if ('graph' in value) return { name, type: attributeType.graph, g: value.graph };
  const strings = value.filter((item) => typeof item === 'string');
  if (strings.length > 0)
    return { name, type: attributeType.strings, strings: strings.map((item) => new TextEncoder().encode(item)) };
  return { name, type: attributeType.ints, ints: value.filter((item) => typeof item === 'number') };
}

function valueInfo(name: string, elemType: number, shape: readonly Size[]): ValueInfoProto {
  const dim = shape.map((size): Dimension => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
