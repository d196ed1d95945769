/** The ONNX subgraphs of layers that are no recurrent operator, by kind and sublayer. A new kind is its file beside this one, in kinds/, and a line here. */
import type { GraphBuilder } from '../../formats/onnx/graphBuilder';
import type { CellName } from '../../layers/catalog';
import type { LayerSizes } from '../../layers/parameters';

export interface SublayerPlace {
  readonly graph: GraphBuilder;
  /** [time, batch, I]: what it reads, behind its norm. */
  readonly x: string;
  /** I of the sublayer. */
  readonly sizes: LayerSizes;
  /** The graph's name of a parameter of the layer, by its role. */
  readonly tensor: (role: string) => string;
  /** A float constant, or a vector of several; the same one is kept once. */
  readonly constant: (...values: number[]) => string;
}

/** Adds the nodes of a sublayer; returns the name of what it gives, [time, batch, O]. */
export type SublayerGraph = (place: SublayerPlace) => string;

const graphs: Readonly<Partial<Record<CellName, Readonly<Record<string, SublayerGraph>>>>> = {};

/** Of a kind's sublayer; undefined where it has no graph. */
export function sublayerGraph(cell: CellName, sublayer: string): SublayerGraph | undefined {
  return graphs[cell]?.[sublayer];
}

/** Whether the kind has graphs of its own. */
export function hasGraphs(cell: CellName): boolean {
  return graphs[cell] !== undefined;
}
