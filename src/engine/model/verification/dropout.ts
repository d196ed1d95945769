/** Dropout is read as it works in inference; so a file that was exported while training is verified without it. */
import type { NodeProto } from '../../../formats/onnx/messages';
import { fileWith, type ModelFile } from './evaluator';

/** The file's graph with every Dropout in inference mode; the file itself where none can be in another. */
export function withoutDropout(file: ModelFile): ModelFile {
  const { node } = file.proto.graph;
  return node.some(canDrop) ? fileWith(file, node.map(inInference)) : file;
}

/** Since opset 12 the mode is the third input; before opset 7 it was an attribute. */
function canDrop({ opType, domain = '', input, attribute = [] }: NodeProto): boolean {
  const isDropout = opType === 'Dropout' && (domain === '' || domain === 'ai.onnx');
  return isDropout && ((input[2] ?? '') !== '' || attribute.some(({ name, i }) => name === 'is_test' && i === 0));
}

function inInference(node: NodeProto): NodeProto {
  if (!canDrop(node)) return node;
  const attribute = node.attribute?.map((each) => (each.name === 'is_test' ? { ...each, i: 1 } : each)) ?? [];
  return { ...node, attribute, input: node.input.slice(0, 2) };
}
