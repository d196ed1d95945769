/**
 * What ONNX Runtime's sessions themselves call, which runs a graph before it returns. It is no public part of the library, so it has a door of its own: who needs only
 * sessions does not depend on it. Importing it throws where it is not there.
 */
import './noTelemetry';

// oxlint-disable-next-line no-restricted-imports -- everybody else imports it from here
export { binding, initOrt } from 'onnxruntime-node/dist/binding';
