/** The ONNX subgraphs of layers that are no recurrent operator, by kind and sublayer. A new kind is its file beside this one, in kinds/, and a line here. */
import type { CellName } from '../../layers/catalog';
import { mambaGraphs } from './kinds/mamba';
import type { SublayerGraph } from './sublayerGraph';

const graphs: Readonly<Partial<Record<CellName, Readonly<Record<string, SublayerGraph>>>>> = { mamba: mambaGraphs };

/** Of a kind's sublayer; undefined where it has no graph. */
export function sublayerGraph(cell: CellName, sublayer: string): SublayerGraph | undefined {
  return graphs[cell]?.[sublayer];
}

/** Whether the kind has graphs of its own. */
export function hasGraphs(cell: CellName): boolean {
  return graphs[cell] !== undefined;
}
