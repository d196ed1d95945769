/** The graphs of the kinds of layer that ONNX has no operator for. A new one is its file and a line here. */
import type { CellName } from '../../../layers/catalog';
import type { LayerGraph } from './layerGraph';
import { minGRU } from './minGRU';
import { minLSTM } from './minLSTM';

const graphs: Readonly<Partial<Record<CellName, LayerGraph>>> = { minGRU, minLSTM };

/** Null of a kind with an operator, and of one that cannot be written. */
export function layerGraphOf(cell: CellName): LayerGraph | null {
  return graphs[cell] ?? null;
}
