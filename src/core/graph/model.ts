/** What of a model the graph mode reads. */
import type { FunctionProto, GraphProto, OperatorSet, ValueInfoProto } from '../../formats/onnx/messages';

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
