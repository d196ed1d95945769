/** Functions that a model brings along: their nodes, with the attributes that a call gives them. */
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from '../../formats/onnx/messages';

/** The nodes of a function as one node calls it. */
export function instantiate(own: FunctionProto, caller: NodeProto): NodeProto[] {
  const given = new Map<string, AttributeProto>();
  for (const attribute of own.attributeProto ?? []) given.set(attribute.name, attribute);
  for (const attribute of caller.attribute ?? []) given.set(attribute.name, attribute);
  return own.node.map((node) => withAttributes(node, given));
}

function withAttributes(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  if (!node.attribute) return node;
  return {
    ...node,
    attribute: node.attribute.flatMap((attribute) => {
      const { refAttrName } = attribute;
      if (refAttrName === undefined || refAttrName === '') return [withGraphs(attribute, given)];
      const value = given.get(refAttrName);
      // What neither call nor function gives is left out, as if the node did not have it.
      return value ? [{ ...value, name: attribute.name }] : [];
    }),
  };
}

function withGraphs(attribute: AttributeProto, given: ReadonlyMap<string, AttributeProto>): AttributeProto {
  const within = (graph: GraphProto): GraphProto => ({
    ...graph,
    node: graph.node.map((node) => withAttributes(node, given)),
  });
  return {
    ...attribute,
    ...(attribute.g && { g: within(attribute.g) }),
    ...(attribute.graphs && { graphs: attribute.graphs.map(within) }),
  };
}
