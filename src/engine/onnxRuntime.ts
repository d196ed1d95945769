/** The one door by which ONNX Runtime comes in. Importing it throws where the library cannot be loaded. */
import './noTelemetry';

// oxlint-disable-next-line no-restricted-imports -- everybody else imports it from here
export { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * Session options that every session of this process takes. Gradients that vanish pass through float32's subnormal numbers (below
 * 1.2e-38), with which a processor multiplies up to a hundred times slower. The first session decides for the thread that creates it,
 * and the setting is that thread's own: JavaScript and WebAssembly flush to zero there as well, float64 below 2.2e-308. No result rests
 * on such numbers: what can become that small is kept with a scale.
 */
export const flushSubnormals = { set_denormal_as_zero: '1' } as const;
