/** A model with all its data inside: what lies in other files is put in, by a caller that may read them. */
import type { AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } from './messages';

/** Whether some tensor of the model, also of a graph inside a node or of a function, lies in another file. */
export function hasExternalData({ graph, functions = [] }: Partial<ModelProto>): boolean {
  const tensors = [...(graph ? tensorsOf(graph) : []), ...functions.flatMap(({ node }) => tensorsOfNodes(node))];
  return tensors.some(({ dataLocation }) => dataLocation === 1);
}

/** @param bytesOf the data of an external tensor */
export function selfContained(model: ModelProto, bytesOf: (tensor: TensorProto) => Uint8Array): ModelProto {
  const inside = (tensor: TensorProto): TensorProto => {
    if (tensor.dataLocation !== 1) return tensor;
    return { name: tensor.name ?? '', dims: tensor.dims, dataType: tensor.dataType, rawData: bytesOf(tensor) };
  };
  const ofSparse = ({ values, indices, dims }: SparseTensorProto): SparseTensorProto => ({
    dims,
    ...(values && { values: inside(values) }),
    ...(indices && { indices: inside(indices) }),
  });
  const ofAttribute = (attribute: AttributeProto): AttributeProto => ({
    ...attribute,
    ...(attribute.t && { t: inside(attribute.t) }),
    ...(attribute.tensors && { tensors: attribute.tensors.map(inside) }),
    ...(attribute.sparseTensor && { sparseTensor: ofSparse(attribute.sparseTensor) }),
    ...(attribute.sparseTensors && { sparseTensors: attribute.sparseTensors.map(ofSparse) }),
    ...(attribute.g && { g: ofGraph(attribute.g) }),
    ...(attribute.graphs && { graphs: attribute.graphs.map(ofGraph) }),
  });
  const ofNode = (node: NodeProto): NodeProto => ({
    ...node,
    ...(node.attribute && { attribute: node.attribute.map(ofAttribute) }),
  });
  const ofGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    initializer: graph.initializer.map(inside),
    ...(graph.sparseInitializer && { sparseInitializer: graph.sparseInitializer.map(ofSparse) }),
    node: graph.node.map(ofNode),
  });
  return {
    ...model,
    graph: ofGraph(model.graph),
    ...(model.functions && { functions: model.functions.map((own) => ({ ...own, node: own.node.map(ofNode) })) }),
  };
}

function tensorsOf({ initializer, sparseInitializer = [], node }: GraphProto): TensorProto[] {
  return [...initializer, ...sparseInitializer.flatMap(partsOf), ...tensorsOfNodes(node)];
}

function tensorsOfNodes(nodes: readonly NodeProto[]): TensorProto[] {
  return nodes
    .flatMap(({ attribute }) => attribute ?? [])
    .flatMap(({ t, tensors = [], sparseTensor, sparseTensors = [], g, graphs = [] }) => [
      ...(t ? [t] : []),
      ...tensors,
      ...(sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors).flatMap(partsOf),
      ...(g ? [g, ...graphs] : graphs).flatMap(tensorsOf),
    ]);
}

function partsOf({ values, indices }: SparseTensorProto): TensorProto[] {
  return [values, indices].filter((part) => part !== undefined);
}
