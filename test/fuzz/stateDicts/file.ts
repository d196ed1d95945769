/** A safetensors file of anything, also of what Backflow does not write. */
export interface FileTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** @param metadata null is written as such */
export function safetensorsOf(
  tensors: ReadonlyMap<string, FileTensor>,
  metadata: Readonly<Record<string, string>> | null | undefined,
): Uint8Array {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return Buffer.concat([length, json, ...parts]);
}

/** In float32. */
export function floats(shape: readonly number[], values: ArrayLike<number>): FileTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

export function doubles({ shape, bytes }: FileTensor): FileTensor {
  return { dtype: 'F64', shape, bytes: new Uint8Array(Float64Array.from(numbersOf(bytes)).buffer) };
}

/** The upper halves of float32, which lose nothing of numbers that were rounded to them. */
export function brains({ shape, bytes }: FileTensor): FileTensor {
  const words = Uint32Array.from(new Uint32Array(bytes.slice().buffer), (bits) => bits >>> 16);
  return { dtype: 'BF16', shape, bytes: new Uint8Array(Uint16Array.from(words).buffer) };
}

function numbersOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
