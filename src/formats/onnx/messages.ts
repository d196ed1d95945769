/** The messages of ONNX (onnx.proto) that this project reads or writes. Field numbers are facts of the format. */
import { decode, encode, type Schema } from './codec';

export const dataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const;
export const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface TensorProto {
  dims: number[];
  /** A file can leave it out, and is then refused. */
  dataType?: number | undefined;
  name?: string;
  /** Little-endian elements. */
  rawData?: Uint8Array;
  floatData?: ArrayLike<number>;
  int32Data?: number[];
  /** UTF-8, of a tensor of texts. */
  stringData?: Uint8Array[];
  int64Data?: number[];
  doubleData?: ArrayLike<number>;
  uint64Data?: number[];
  /** `location`, `offset` and `length` of data that lie in another file. */
  externalData?: { key: string; value: string }[];
  /** 1: the data are external. */
  dataLocation?: number;
}

/** The elements that are not zero. */
export interface SparseTensorProto {
  /** [N]; its name is the tensor's. */
  values?: TensorProto;
  /** [N] places in the row-major whole, or [N, rank] places along each axis. */
  indices?: TensorProto;
  dims: number[];
}

export interface AttributeProto {
  name: string;
  type: number;
  /** Inside a function: the attribute of the calling node whose value it takes. */
  refAttrName?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
  g?: GraphProto;
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparseTensor?: SparseTensorProto;
  sparseTensors?: SparseTensorProto[];
  typeProto?: TypeProto;
  typeProtos?: TypeProto[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProto[];
  domain?: string;
  /** Tells functions of one name apart. */
  overload?: string;
  /** What its writer notes beside it. */
  metadataProps?: { key?: string; value?: string }[];
}

export interface Dimension {
  dimValue?: number;
  dimParam?: string;
}

export interface TensorType {
  elemType: number;
  shape?: { dim: Dimension[] };
}

/** What a value is: one of these. */
export interface TypeProto {
  tensorType?: TensorType;
  sequenceType?: { elemType?: TypeProto };
  mapType?: { keyType?: number; valueType?: TypeProto };
  sparseTensorType?: TensorType;
  optionalType?: { elemType?: TypeProto };
}

export interface ValueInfoProto {
  name: string;
  type?: TypeProto;
}

export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparseInitializer?: SparseTensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
}

export interface OperatorSet {
  domain?: string;
  version: number;
}

/** A function that a model brings along: an operator made of others. */
export interface FunctionProto {
  name: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  /** Names of attributes without a default, and those with one. */
  attribute?: string[];
  attributeProto?: AttributeProto[];
  node: NodeProto[];
  opsetImport: OperatorSet[];
}

export interface ModelProto {
  irVersion: number;
  producerName?: string;
  producerVersion?: string;
  graph: GraphProto;
  opsetImport: OperatorSet[];
  metadataProps: { key?: string; value?: string }[];
  functions?: FunctionProto[];
}

const entry: Schema = () => ({ key: { id: 1, kind: 'string' }, value: { id: 2, kind: 'string' } });

const tensor: Schema = () => ({
  dims: { id: 1, kind: 'int64', repeated: true },
  dataType: { id: 2, kind: 'int32' },
  floatData: { id: 4, kind: 'float', repeated: true },
  int32Data: { id: 5, kind: 'int32', repeated: true },
  stringData: { id: 6, kind: 'bytes', repeated: true },
  int64Data: { id: 7, kind: 'int64', repeated: true },
  name: { id: 8, kind: 'string' },
  rawData: { id: 9, kind: 'bytes' },
  doubleData: { id: 10, kind: 'double', repeated: true },
  uint64Data: { id: 11, kind: 'int64', repeated: true },
  externalData: { id: 13, kind: entry, repeated: true },
  dataLocation: { id: 14, kind: 'int32' },
});

const sparseTensor: Schema = () => ({
  values: { id: 1, kind: tensor },
  indices: { id: 2, kind: tensor },
  dims: { id: 3, kind: 'int64', repeated: true },
});

const attribute: Schema = () => ({
  name: { id: 1, kind: 'string' },
  f: { id: 2, kind: 'float' },
  i: { id: 3, kind: 'int64' },
  s: { id: 4, kind: 'bytes' },
  t: { id: 5, kind: tensor },
  floats: { id: 7, kind: 'float', repeated: true },
  ints: { id: 8, kind: 'int64', repeated: true },
  strings: { id: 9, kind: 'bytes', repeated: true },
  g: { id: 6, kind: graph },
  tensors: { id: 10, kind: tensor, repeated: true },
  graphs: { id: 11, kind: graph, repeated: true },
  typeProto: { id: 14, kind: type },
  typeProtos: { id: 15, kind: type, repeated: true },
  type: { id: 20, kind: 'int32' },
  refAttrName: { id: 21, kind: 'string' },
  sparseTensor: { id: 22, kind: sparseTensor },
  sparseTensors: { id: 23, kind: sparseTensor, repeated: true },
});

const node: Schema = () => ({
  input: { id: 1, kind: 'string', repeated: true },
  output: { id: 2, kind: 'string', repeated: true },
  name: { id: 3, kind: 'string' },
  opType: { id: 4, kind: 'string' },
  attribute: { id: 5, kind: attribute, repeated: true },
  domain: { id: 7, kind: 'string' },
  overload: { id: 8, kind: 'string' },
  metadataProps: { id: 9, kind: entry, repeated: true },
});

const dimension: Schema = () => ({ dimValue: { id: 1, kind: 'int64' }, dimParam: { id: 2, kind: 'string' } });
const shape: Schema = () => ({ dim: { id: 1, kind: dimension, repeated: true } });
const tensorType: Schema = () => ({ elemType: { id: 1, kind: 'int32' }, shape: { id: 2, kind: shape } });
const sequenceType: Schema = () => ({ elemType: { id: 1, kind: type } });
const mapType: Schema = () => ({ keyType: { id: 1, kind: 'int32' }, valueType: { id: 2, kind: type } });
const type: Schema = () => ({
  tensorType: { id: 1, kind: tensorType },
  sequenceType: { id: 4, kind: sequenceType },
  mapType: { id: 5, kind: mapType },
  sparseTensorType: { id: 8, kind: tensorType },
  optionalType: { id: 9, kind: sequenceType },
});
const valueInfo: Schema = () => ({ name: { id: 1, kind: 'string' }, type: { id: 2, kind: type } });

const graph: Schema = () => ({
  node: { id: 1, kind: node, repeated: true },
  name: { id: 2, kind: 'string' },
  initializer: { id: 5, kind: tensor, repeated: true },
  input: { id: 11, kind: valueInfo, repeated: true },
  output: { id: 12, kind: valueInfo, repeated: true },
  sparseInitializer: { id: 15, kind: sparseTensor, repeated: true },
});

const operatorSet: Schema = () => ({ domain: { id: 1, kind: 'string' }, version: { id: 2, kind: 'int64' } });

const ownFunction: Schema = () => ({
  name: { id: 1, kind: 'string' },
  input: { id: 4, kind: 'string', repeated: true },
  output: { id: 5, kind: 'string', repeated: true },
  attribute: { id: 6, kind: 'string', repeated: true },
  node: { id: 7, kind: node, repeated: true },
  opsetImport: { id: 9, kind: operatorSet, repeated: true },
  domain: { id: 10, kind: 'string' },
  attributeProto: { id: 11, kind: attribute, repeated: true },
  overload: { id: 13, kind: 'string' },
});

const model: Schema = () => ({
  irVersion: { id: 1, kind: 'int64' },
  producerName: { id: 2, kind: 'string' },
  producerVersion: { id: 3, kind: 'string' },
  graph: { id: 7, kind: graph },
  opsetImport: { id: 8, kind: operatorSet, repeated: true },
  metadataProps: { id: 14, kind: entry, repeated: true },
  functions: { id: 25, kind: ownFunction, repeated: true },
});

export function encodeModel(message: ModelProto): Uint8Array {
  return encode(model, message);
}

/** A model's metadata by key; what a file leaves out is "". */
export function metadataOf({ metadataProps }: Partial<ModelProto>): Map<string, string> {
  return new Map(metadataProps?.map(({ key = '', value = '' }) => [key, value]));
}

/** Throws for bytes that are no ONNX model; the caller says which file. */
export function decodeModel(bytes: Uint8Array): Partial<ModelProto> {
  return decode(model, bytes);
}
