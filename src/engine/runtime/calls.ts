/** What the engine asks of the process that runs ONNX Runtime. */

/** A tensor as it crosses from process to process. Halves are their 16 bits, booleans 0 and 1. */
export interface PlainTensor {
  readonly type: 'float32' | 'float64' | 'float16' | 'int32' | 'int64' | 'bool';
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;
}

export type PlainTensors = Readonly<Record<string, PlainTensor>>;

export interface RuntimeCalls {
  /** Whether ONNX Runtime can be loaded. */
  isAvailable(request: null): boolean;
  /** Makes a session of an ONNX file's bytes, and gives its number. */
  load(graph: Uint8Array): number;
  /** The outputs that are asked for, by name. */
  run(request: {
    readonly session: number;
    readonly feeds: PlainTensors;
    readonly outputs: readonly string[];
  }): PlainTensors;
  close(session: number): null;
}

/** The process tells nothing by itself. */
export type RuntimeEvents = Readonly<Record<string, never>>;
