/** Who can run a file's own graph. */
import type { ExternalData } from '../../../formats/onnx/constant';
import { halfToNumber } from '../../../formats/half';
import { encodeModel, type ModelProto, type NodeProto } from '../../../formats/onnx/messages';
import type { Verification } from '../../../protocol/model';
import type { PlainTensor, PlainTensors } from '../../runtime/calls';

export interface ModelFile {
  /** As it is in the file, and decoded. */
  readonly bytes: Uint8Array;
  readonly proto: ModelProto;
  readonly external: ExternalData;
}

/** The same file with other nodes. */
export function fileWith({ proto, external }: ModelFile, node: NodeProto[]): ModelFile {
  const changed = { ...proto, graph: { ...proto.graph, node } };
  return { bytes: encodeModel(changed), proto: changed, external };
}

export interface Evaluator {
  readonly name: Verification['by'];
  /**
   * @param tensors that will be asked for, outputs or not
   * Rejects, as `run` does, with a UserError where it cannot.
   */
  load(file: ModelFile, tensors: readonly string[]): Promise<LoadedGraph>;
}

export interface LoadedGraph {
  run(feeds: PlainTensors, tensors: readonly string[]): Promise<PlainTensors>;
  close(): Promise<void>;
}

export function numbersOf({ type, data }: PlainTensor): Float64Array {
  if (type === 'float16') return Float64Array.from(data as Uint16Array, halfToNumber);
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : Float64Array.from(data);
}
