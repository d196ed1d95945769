/** Sizes that an exporter has kept from the text it saw: the lengths that a graph may be tied to. */
import type { GraphProto } from '../../../formats/onnx/messages';
import { constantLists } from './constantLists';

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
  for (const list of constantLists(graph).values()) note(list);
  return Array.from(counts)
    .toSorted(([x, a], [y, b]) => Number(ofOutputs.includes(y)) - Number(ofOutputs.includes(x)) || b - a)
    .map(([size]) => size)
    .slice(0, maxSizes);
}
