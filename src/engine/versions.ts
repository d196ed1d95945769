/** What made a run, for its record. */
import runtime from 'onnxruntime-node/package.json';
import product from '../../package.json';
import type { BackendName } from '../protocol/settings';
import type { Versions } from './files/runRecord';

export function versions(backend: BackendName): Versions {
  return {
    backflow: product.version,
    onnxruntime: backend === 'ort' ? runtime.version : null,
    node: process.versions.node,
  };
}
