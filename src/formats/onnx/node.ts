/** A node of a graph with its attributes by name; what a file leaves out has the protobuf's default. */
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './messages';

export class GraphNode {
  readonly operator: string;
  /** "" for ONNX's own operators. */
  readonly domain: string;
  /** Names of tensors; "" for an input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  private readonly attributes: ReadonlyMap<string, AttributeProto>;
  private readonly ownName: string;

  constructor({ opType, domain, input, output, name, attribute }: NodeProto) {
    this.operator = opType ?? '';
    this.domain = domain === 'ai.onnx' ? '' : (domain ?? '');
    this.inputs = input;
    this.outputs = output;
    this.ownName = name ?? '';
    this.attributes = new Map(attribute?.map((item) => [item.name, item]));
  }

  /** Its name or, where it has none, that of its first output. */
  get name(): string {
    return this.ownName || (this.outputs.find((output) => output !== '') ?? '');
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  integer(name: string, otherwise: number): number {
    return this.attributes.get(name)?.i ?? otherwise;
  }

  integers(name: string): readonly number[] | undefined {
    return this.attributes.has(name) ? this.attributes.get(name)?.ints : undefined;
  }

  float(name: string, otherwise: number): number {
    return this.attributes.get(name)?.f ?? otherwise;
  }

  floats(name: string): readonly number[] {
    return Array.from(this.attributes.get(name)?.floats ?? []);
  }

  text(name: string, otherwise: string): string {
    const bytes = this.attributes.get(name)?.s;
    return bytes ? new TextDecoder().decode(bytes) : otherwise;
  }

  texts(name: string): readonly string[] | undefined {
    const found = this.attributes.get(name)?.strings;
    return found && found.length > 0 ? found.map((bytes) => new TextDecoder().decode(bytes)) : undefined;
  }

  graph(name: string): GraphProto | undefined {
    return this.attributes.get(name)?.g;
  }

  tensor(name: string): TensorProto | undefined {
    return this.attributes.get(name)?.t;
  }
}
