/** What the ONNX subgraph of a mixer's sublayer is to the graph that it is a part of. */
import type { GraphBuilder } from '../../formats/onnx/graphBuilder';
import type { LayerSizes } from '../../layers/parameters';

/** A state before the first step, with the whole batch, and the output that it is to be written to after the last one. */
export interface StateNames {
  readonly first: string;
  readonly last: string;
}

export interface SublayerPlace {
  readonly graph: GraphBuilder;
  /** [time, batch, I]: what it reads, behind its norm. */
  readonly x: string;
  /** I of the sublayer. */
  readonly sizes: LayerSizes;
  /** The graph's name of a parameter of the layer, by its role. */
  readonly tensor: (role: string) => string;
  /** One of the states of the layer's kind, by its symbol: [batch, …shape]. */
  readonly state: (symbol: string, shape: readonly number[]) => StateNames;
  /** A float constant, or a vector of several; the same one is kept once. */
  readonly constant: (...values: number[]) => string;
}

/** Adds the nodes of a sublayer; returns the name of what it gives, [time, batch, O]. */
export type SublayerGraph = (place: SublayerPlace) => string;
