/** What a graph is made of: ONNX's messages, and what of them the graph mode reads beyond those. */
import type { AttributeProto, GraphProto, NodeProto, ValueInfoProto } from '../../formats/onnx/messages';

/** An attribute inside a function can stand for one of the node that calls it. */
export interface GraphAttribute extends AttributeProto {
  refAttrName?: string;
}

export interface OperatorSet {
  domain?: string;
  version: number;
}

/** A function that a model brings along: an operator made of others. */
export interface FunctionProto {
  name: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  /** Names of attributes without a default, and those with one. */
  attribute?: string[];
  attributeProto?: AttributeProto[];
  node: NodeProto[];
  opsetImport: OperatorSet[];
}

export interface GraphModel {
  graph: GraphProto;
  opsetImport: readonly OperatorSet[];
  functions?: readonly FunctionProto[];
}

/** "" is ONNX's own domain, which has a second name. */
export function domainOf({ domain = '' }: { domain?: string }): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Sizes as the graph declares them; undefined where it says nothing or names one. */
export function declaredShape({ type }: ValueInfoProto): (number | undefined)[] | undefined {
  return type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue);
}
