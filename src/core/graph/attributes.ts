/** A node's attributes by name. Which of them were read is remembered, so that none is ignored in silence. */
import { readTensor, TensorError, type Constant, type ExternalData } from '../../formats/onnx/constant';
import {
  attributeType,
  dataType,
  type AttributeProto,
  type GraphProto,
  type SparseTensorProto,
  type TensorProto,
} from '../../formats/onnx/messages';
import { readSparseTensor } from '../../formats/onnx/sparse';
import { Unsupported, type ElementKind, type Tensor } from './tensor';

const kinds: Readonly<Record<number, ElementKind>> = {
  [dataType.float]: 'float',
  [dataType.double]: 'float',
  [dataType.float16]: 'float',
  [dataType.bfloat16]: 'float',
  [dataType.bool]: 'boolean',
  [dataType.int8]: 'integer',
  [dataType.int16]: 'integer',
  [dataType.int32]: 'integer',
  [dataType.int64]: 'integer',
  [dataType.uint8]: 'integer',
  [dataType.uint16]: 'integer',
  [dataType.uint32]: 'integer',
  [dataType.uint64]: 'integer',
  [dataType.int4]: 'integer',
  [dataType.uint4]: 'integer',
};

/** Of one of ONNX's element types. Throws Unsupported for those that are no numbers here. */
export function kindOfType(type: number | undefined): ElementKind {
  if (type === dataType.string) throw new Unsupported('has texts for elements, which are not computed here');
  if (type === undefined || !Object.hasOwn(kinds, type))
    throw new Unsupported(`has elements of type ${type ?? '?'}, which is not computed here`);
  return kinds[type];
}

/** A tensor of the file. Throws Unsupported for one that cannot be read. */
export function tensorOf(proto: TensorProto, external: ExternalData): Tensor {
  const kind = kindOfType(proto.dataType);
  return asTensor(kind, proto.name, () => readTensor(proto, external));
}

/** A sparse tensor of the file, with its zeros. Throws Unsupported likewise. */
export function sparseTensorOf(proto: SparseTensorProto, external: ExternalData): Tensor {
  const kind = kindOfType(proto.values?.dataType);
  return asTensor(kind, proto.values?.name, () => readSparseTensor(proto, external));
}

function asTensor(kind: ElementKind, name = '', read: () => Constant): Tensor {
  try {
    const { shape, data } = read();
    return { kind, shape, data: Float64Array.from(data) };
  } catch (error) {
    throw error instanceof TensorError ? new Unsupported(`reads the tensor ${name}, which ${error.message}`) : error;
  }
}

export class Attributes {
  private readonly byName: ReadonlyMap<string, AttributeProto>;
  private readonly read = new Set<string>();
  private readonly tensors = new Map<string, Tensor>();

  constructor(
    list: readonly AttributeProto[],
    private readonly external: ExternalData,
  ) {
    this.byName = new Map(list.map((attribute) => [attribute.name, attribute]));
  }

  has(name: string): boolean {
    this.read.add(name);
    return this.byName.has(name);
  }

  integer(name: string, otherwise: number): number {
    return this.find(name) ? (this.byName.get(name)?.i ?? 0) : otherwise;
  }

  flag(name: string, otherwise = false): boolean {
    return this.integer(name, Number(otherwise)) !== 0;
  }

  integers(name: string): readonly number[] | undefined {
    return this.find(name)?.ints ?? (this.byName.has(name) ? [] : undefined);
  }

  float(name: string, otherwise: number): number {
    return this.find(name) ? (this.byName.get(name)?.f ?? 0) : otherwise;
  }

  floats(name: string): readonly number[] | undefined {
    const found = this.find(name);
    return found && Array.from(found.floats ?? []);
  }

  text(name: string, otherwise: string): string {
    const bytes = this.find(name)?.s;
    return bytes ? new TextDecoder().decode(bytes) : otherwise;
  }

  texts(name: string): readonly string[] | undefined {
    return this.find(name)?.strings?.map((bytes) => new TextDecoder().decode(bytes));
  }

  /** One that is sparse has its zeros. */
  tensor(name: string): Tensor | undefined {
    const found = this.find(name);
    const known = this.tensors.get(name);
    if (known || !found) return known;
    const { t, sparseTensor } = found;
    const read = t ? tensorOf(t, this.external) : sparseTensor && sparseTensorOf(sparseTensor, this.external);
    if (read) this.tensors.set(name, read);
    return read;
  }

  /** The element type that a tensor would have. */
  typeOfTensor(name: string): number | undefined {
    return this.find(name)?.t?.dataType;
  }

  graph(name: string): GraphProto {
    const found = this.find(name)?.g;
    if (!found) throw new Unsupported(`has no graph “${name}”`);
    return found;
  }

  /** Of attributes that change nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.read.add(name);
  }

  /** Names of attributes that nobody has asked for: what they mean is not computed. */
  unread(): string[] {
    return [...this.byName.keys()].filter((name) => !this.read.has(name));
  }

  private find(name: string): AttributeProto | undefined {
    this.read.add(name);
    const found = this.byName.get(name);
    // One that a function leaves to its caller, who gave none.
    return found && isEmpty(found) ? undefined : found;
  }
}

function isEmpty({ type, f, i, s, t, g }: AttributeProto): boolean {
  return (
    (type === attributeType.tensor && !t) ||
    (type === attributeType.graph && !g) ||
    (type === 0 && f === undefined && i === undefined && s === undefined)
  );
}
