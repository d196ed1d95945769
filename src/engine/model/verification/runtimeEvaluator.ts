/** ONNX Runtime, which runs a file's graph in a process of its own. */
import { externalBytes } from '../../../formats/onnx/constant';
import { encodeModel } from '../../../formats/onnx/messages';
import { hasExternalData, selfContained } from '../../../formats/onnx/selfContained';
import type { RuntimeProcess } from '../../runtime/runtimeProcess';
import type { Evaluator, ModelFile } from './evaluator';

export function runtimeEvaluator(runtime: RuntimeProcess): Evaluator {
  return { name: 'onnxRuntime', load: (file, tensors) => runtime.load(graphWith(file, tensors)) };
}

/** The file's graph with these tensors among its outputs. */
function graphWith({ bytes, proto, external }: ModelFile, tensors: readonly string[]): Uint8Array {
  const missing = Array.from(new Set(tensors)).filter((tensor) =>
    proto.graph.output.every(({ name }) => name !== tensor),
  );
  if (missing.length === 0 && !hasExternalData(proto)) return bytes;
  const whole = hasExternalData(proto) ? selfContained(proto, (tensor) => externalBytes(tensor, external)) : proto;
  return encodeModel({
    ...whole,
    graph: { ...whole.graph, output: [...whole.graph.output, ...missing.map((name) => ({ name }))] },
  });
}
