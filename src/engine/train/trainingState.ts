/** What a checkpoint keeps beside the parameters: counters, the optimizer's moments and the carried state, as safetensors. */
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../formats/safetensors';
import { UserError } from '../../userError';

type Counts = Readonly<Record<string, number>>;
export type NamedArray = readonly [name: string, data: Float32Array | Float64Array];

export function encodeTrainingState(counts: Counts, arrays: readonly NamedArray[]): Uint8Array {
  const tensors = new Map(arrays.map(([name, data]): [string, Tensor] => [name, tensorOf(data)]));
  return encodeSafetensors(
    tensors,
    Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])),
  );
}

/** Fills `arrays` and returns the counters of these names, and of others that are not known beforehand; `file` is for the sentences. Throws a UserError, and has then filled nothing. */
export function decodeTrainingState<Name extends string>(
  bytes: Uint8Array,
  names: readonly Name[],
  otherNames: readonly string[],
  arrays: readonly NamedArray[],
  file: string,
): { counts: Record<Name, number>; others: Counts } {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const count = (name: string) => {
    const value = Number(metadata[name]);
    if (!Number.isSafeInteger(value) || value < 0) throw new UserError('error.state.fieldMissing', file, name);
    return [name, value] as const;
  };
  const counts = Object.fromEntries(names.map(count)) as Record<Name, number>;
  const others = Object.fromEntries(otherNames.map(count));
  const sources = arrays.map(([name, target]) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== tensorOf(target).dtype || tensor.data.length !== target.length) {
      throw new UserError('error.state.tensorOfAnotherRun', file, name);
    }
    return { target, data: tensor.data as Float32Array | Float64Array };
  });
  for (const { target, data } of sources) target.set(data);
  return { counts, others };
}

function tensorOf(data: Float32Array | Float64Array): Tensor {
  const shape = [data.length];
  return data instanceof Float32Array ? { dtype: 'F32', shape, data } : { dtype: 'F64', shape, data };
}
