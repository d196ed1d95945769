/** ONNX Runtime, to run a graph that lies in memory. */
import type { InferenceSession, Tensor } from '../../onnxRuntime';
import { halfToNumber } from '../../../formats/half';

export type Ort = typeof import('../../onnxRuntime');
export type OrtTensor = Tensor;

/** Undefined where it cannot be loaded. */
export async function loadOrt(): Promise<Ort | undefined> {
  try {
    return await import('../../onnxRuntime');
  } catch {
    return undefined;
  }
}

function options({ flushSubnormals }: Ort): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: { session: flushSubnormals },
  };
}

export class Session {
  private constructor(private readonly session: InferenceSession) {}

  /** Rejects with ONNX Runtime's own error for a graph that it does not know. */
  static async of(ort: Ort, graph: Uint8Array): Promise<Session> {
    return new Session(await ort.InferenceSession.create(graph, options(ort)));
  }

  run(feeds: Record<string, Tensor>, outputs: readonly string[]): Promise<Record<string, Tensor>> {
    return this.session.run(feeds, [...outputs]);
  }

  close(): Promise<void> {
    return this.session.release();
  }
}

export function numbersOf({ type, data }: Tensor): Float64Array {
  if (type === 'float16') {
    const bits = data as unknown as Uint16Array;
    return Float64Array.from(new Uint16Array(bits.buffer, bits.byteOffset, bits.length), halfToNumber);
  }
  return Float64Array.from(data as Float32Array);
}
