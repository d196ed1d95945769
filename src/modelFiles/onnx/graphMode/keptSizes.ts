/** Sizes that an exporter has kept from the text it saw: the lengths that a graph may be tied to. */
import { readTensor, TensorError, wholeNumbers } from '../../../formats/onnx/constant';
import type { GraphProto, TensorProto } from '../../../formats/onnx/messages';

/** Of those that are tried. */
const maxSizes = 8;
const maxLength = 4096;

/** Those of the declared outputs first, then what occurs most often. */
export function keptSizes(graph: GraphProto): number[] {
  const counts = new Map<number, number>();
  const note = (sizes: readonly number[]) => {
    for (const size of sizes) if (size > 1 && size <= maxLength) counts.set(size, (counts.get(size) ?? 0) + 1);
  };
  const ofOutputs = graph.output.flatMap(
    ({ type }) => type?.tensorType?.shape?.dim.map((dim) => dim.dimValue ?? 0) ?? [],
  );
  note(ofOutputs);
  for (const tensor of graph.initializer) note(listOf(tensor));
  for (const { opType, attribute } of graph.node) {
    if (opType !== 'Constant') continue;
    for (const { t, ints } of attribute ?? []) {
      if (t) note(listOf(t));
      if (ints) note(ints);
    }
  }
  return Array.from(counts)
    .toSorted(([x, a], [y, b]) => Number(ofOutputs.includes(y)) - Number(ofOutputs.includes(x)) || b - a)
    .map(([size]) => size)
    .slice(0, maxSizes);
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
