/** Feeds of a file's own graph, and what its predictions mean. */
import { dataType } from '../../../formats/onnx/messages';
import type { GraphUse } from '../../../modelFiles/onnx/read/readModel';
import { wholeToHalf } from '../../../formats/half';
import type { PlainTensor, PlainTensors } from '../../runtime/calls';

/** The same tokens for each text of the batch. */
export function tokenFeed(
  { tokens: { name, elementType, oneHotSize, sizes }, timeAxis }: GraphUse,
  ids: Float64Array,
  batch: number,
  V: number,
): PlainTensors {
  const all = Array.from({ length: ids.length * batch }, (_, i) =>
    timeAxis === 0 ? ids[Math.floor(i / batch)] : ids[i % ids.length],
  );
  const dims =
    sizes.length === 0
      ? []
      : sizes.length === 1
        ? [ids.length]
        : timeAxis === 0
          ? [ids.length, batch]
          : [batch, ids.length];
  if (oneHotSize === null) return { [name]: tensorOf(elementType, all, dims) };
  const rows = new Array<number>(all.length * V).fill(0);
  all.forEach((id, row) => (rows[row * V + id] = 1));
  return { [name]: tensorOf(elementType, rows, [...dims, V]) };
}

/** What is no token: states are zero; whole numbers are the texts' lengths. */
export function otherFeeds({ others }: GraphUse, batch: number, steps: number): PlainTensors {
  return Object.fromEntries(
    others.map(({ name, elementType, sizes }) => {
      const dims = sizes.map((size) => size ?? batch);
      const isWhole = elementType === dataType.int32 || elementType === dataType.int64;
      return [
        name,
        tensorOf(
          elementType,
          new Array<number>(dims.reduce((product, size) => product * size, 1)).fill(isWhole ? steps : 0),
          dims,
        ),
      ];
    }),
  );
}

export function tensorOf(elementType: number, values: readonly number[], dims: readonly number[]): PlainTensor {
  switch (elementType) {
    case dataType.int32:
      return { type: 'int32', dims, data: Int32Array.from(values) };
    case dataType.int64:
      return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
    case dataType.double:
      return { type: 'float64', dims, data: Float64Array.from(values) };
    case dataType.float16:
      return { type: 'float16', dims, data: Uint16Array.from(values, wholeToHalf) };
    case dataType.bool:
      return { type: 'bool', dims, data: Uint8Array.from(values) };
    default:
      return { type: 'float32', dims, data: Float32Array.from(values) };
  }
}

/** Rows of V logits, probabilities or log-probabilities as log-probabilities. */
export function logProbabilities(values: Float64Array, V: number, then: GraphUse['then']): Float64Array {
  if (then === 'logSoftmax') return values;
  if (then === 'softmax') return values.map(Math.log);
  const result = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += V) {
    const row = values.subarray(start, start + V);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    for (let i = 0; i < V; i++) result[start + i] = row[i] - largest - Math.log(sum);
  }
  return result;
}
