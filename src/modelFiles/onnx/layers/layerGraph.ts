/** The nodes of a layer that is no single operator of ONNX. */
import type { GraphBuilder } from '../../../formats/onnx/graphBuilder';
import type { Direction } from '../../../layers/direction';
import type { LayerOptions } from '../../../layers/options';

export interface LayerNodes {
  /** What it reads, [time, batch, I]. */
  readonly x: string;
  /** The tensor that the kind's parameters of this name are kept in: behind D directions, [D, …]. */
  readonly tensor: (name: string) => string;
  /** Its first state before the first step, [D, batch, H]; and after the last one, the output to be written. */
  readonly first: string;
  readonly last: string;
  readonly hiddenSize: number;
  readonly directions: readonly Direction[];
  readonly options: LayerOptions;
}

/** Adds the nodes; returns the name of what the layer gives, [time, batch, D·H]. */
export type LayerGraph = (graph: GraphBuilder, nodes: LayerNodes) => string;
