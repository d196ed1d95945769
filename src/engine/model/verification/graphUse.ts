/** Feeds of a file's own graph, and what its predictions mean. */
import { dataType } from '../../../formats/onnx/messages';
import type { GraphUse } from '../../../modelFiles/onnx/read/readModel';
import type { Ort, OrtTensor } from './ortSession';

/** The same tokens for each text of the batch. */
export function tokenFeed(
  ort: Ort,
  { tokens: { name, elementType, oneHotSize, sizes }, timeAxis }: GraphUse,
  ids: Float64Array,
  batch: number,
  V: number,
): Record<string, OrtTensor> {
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
  if (oneHotSize === null) return { [name]: tensor(ort, elementType, all, dims) };
  const rows = new Array<number>(all.length * V).fill(0);
  all.forEach((id, row) => (rows[row * V + id] = 1));
  return { [name]: tensor(ort, elementType, rows, [...dims, V]) };
}

/** What is no token: states are zero; whole numbers are the texts' lengths. */
export function otherFeeds(ort: Ort, { others }: GraphUse, batch: number, steps: number): Record<string, OrtTensor> {
  return Object.fromEntries(
    others.map(({ name, elementType, sizes }) => {
      const dims = sizes.map((size) => size ?? batch);
      const isWhole = elementType === dataType.int32 || elementType === dataType.int64;
      return [
        name,
        tensor(
          ort,
          elementType,
          new Array<number>(dims.reduce((product, size) => product * size, 1)).fill(isWhole ? steps : 0),
          dims,
        ),
      ];
    }),
  );
}

function tensor(ort: Ort, elementType: number, values: readonly number[], dims: readonly number[]): OrtTensor {
  switch (elementType) {
    case dataType.int32:
      return new ort.Tensor('int32', Int32Array.from(values), dims);
    case dataType.int64:
      return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    case dataType.double:
      return new ort.Tensor('float64', Float64Array.from(values), dims);
    case dataType.float16:
      // Of what is fed only 0 and 1 are needed.
      return new ort.Tensor(
        'float16',
        Uint16Array.from(values, (value) => (value === 0 ? 0 : 0x3c00)),
        dims,
      );
    case dataType.bool:
      return new ort.Tensor('bool', Uint8Array.from(values), dims);
    default:
      return new ort.Tensor('float32', Float32Array.from(values), dims);
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
