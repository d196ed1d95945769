/** A model with all its data inside: what lies in other files is put in, by a caller that may read them. */
import type { AttributeProto, GraphProto, ModelProto, TensorProto } from './messages';

/** Whether some tensor of the model, also of a graph inside a node, lies in another file. */
export function hasExternalData({ graph }: Partial<ModelProto>): boolean {
  return graph !== undefined && tensorsOf(graph).some(({ dataLocation }) => dataLocation === 1);
}

/** @param bytesOf the data of an external tensor */
export function selfContained(model: ModelProto, bytesOf: (tensor: TensorProto) => Uint8Array): ModelProto {
  const inside = (tensor: TensorProto): TensorProto => {
    if (tensor.dataLocation !== 1) return tensor;
    return { name: tensor.name ?? '', dims: tensor.dims, dataType: tensor.dataType, rawData: bytesOf(tensor) };
  };
  const ofAttribute = (attribute: AttributeProto): AttributeProto => ({
    ...attribute,
    ...(attribute.t && { t: inside(attribute.t) }),
    ...(attribute.tensors && { tensors: attribute.tensors.map(inside) }),
    ...(attribute.g && { g: ofGraph(attribute.g) }),
    ...(attribute.graphs && { graphs: attribute.graphs.map(ofGraph) }),
  });
  const ofGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    initializer: graph.initializer.map(inside),
    node: graph.node.map((node) => ({
      ...node,
      ...(node.attribute && { attribute: node.attribute.map(ofAttribute) }),
    })),
  });
  return { ...model, graph: ofGraph(model.graph) };
}

function tensorsOf({ initializer, node }: GraphProto): TensorProto[] {
  const attributes = node.flatMap(({ attribute }) => attribute ?? []);
  const own = attributes.flatMap(({ t, tensors }) => [...(t ? [t] : []), ...(tensors ?? [])]);
  const inner = attributes.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
  return [...initializer, ...own, ...inner.flatMap(tensorsOf)];
}
