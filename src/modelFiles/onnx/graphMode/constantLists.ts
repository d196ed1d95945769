/** Short lists of whole numbers that stand in a graph itself, such as sizes, axes and places. */
import { readTensor, TensorError, wholeNumbers } from '../../../formats/onnx/constant';
import type { GraphProto, TensorProto } from '../../../formats/onnx/messages';

/** By the names of the initializers and of what Constant nodes give. A single number is a list of one. */
export function constantLists({ initializer, node }: GraphProto): Map<string, readonly number[]> {
  const lists = new Map<string, readonly number[]>(initializer.map((tensor) => [tensor.name ?? '', listOf(tensor)]));
  for (const { opType, attribute, output } of node) {
    if (opType !== 'Constant') continue;
    for (const { t, i, ints } of attribute ?? []) {
      const list = t ? listOf(t) : (ints ?? (i === undefined ? [] : [i]));
      if (list.length > 0) lists.set(output[0], list);
    }
  }
  return lists;
}

/** Of a short list of integers in the file itself. */
function listOf(tensor: TensorProto): readonly number[] {
  if (tensor.dataLocation === 1 || tensor.dims.length > 1 || (tensor.dims[0] ?? 1) > 8) return [];
  try {
    return wholeNumbers(readTensor(tensor, () => new Uint8Array(0))) ?? [];
  } catch (thrown) {
    if (thrown instanceof TensorError) return [];
    throw thrown;
  }
}
