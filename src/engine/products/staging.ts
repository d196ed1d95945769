/**
 * Memory that several threads share cannot be handed to native code in every Node (before 22 or so it is refused): there the
 * operands of a product are copied to ordinary memory and its result back, into buffers that are kept.
 */
export class Staging {
  private readonly buffers = new Map<string, Float32Array>();

  /** The first `length` elements, as native code can take them. */
  read(name: string, data: Float32Array, length: number): Float32Array {
    const room = this.room(name, data, length);
    const source = data.subarray(0, length);
    if (room.buffer !== data.buffer) room.set(source);
    return room;
  }

  /** Where `length` elements that belong into `data` can be written. */
  room(name: string, data: Float32Array, length: number): Float32Array {
    if (takesSharedMemory || !isShared(data)) return data.subarray(0, length);
    let buffer = this.buffers.get(name);
    if (!buffer || buffer.length < length) this.buffers.set(name, (buffer = new Float32Array(length)));
    return buffer.subarray(0, length);
  }

  /** Brings a result home, unless it was written there. */
  write(data: Float32Array, result: Float32Array): void {
    if (result.buffer !== data.buffer) data.set(result);
  }
}

export const takesSharedMemory = Number(process.versions.node.split('.')[0]) >= 24;

function isShared(data: Float32Array): boolean {
  return data.buffer instanceof SharedArrayBuffer;
}
