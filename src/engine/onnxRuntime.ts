/** The one door by which ONNX Runtime comes in. Importing it throws where the library cannot be loaded. */
import './noTelemetry';

// oxlint-disable-next-line no-restricted-imports -- everybody else imports it from here
export { InferenceSession, Tensor } from 'onnxruntime-node';
