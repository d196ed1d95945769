/** What a stack of layers is, in a few words. */
import { kindOf } from '../layers/catalog';
import { stackName } from '../layers/stackName';
import type { ModelSummary } from '../protocol/model';
import { localize } from './language';
import { counted } from './numbers';

/** `LSTM, 2 layers of 128 units`; of layers that are not alike `LSTM 128 + Attention 128`. */
export function modelInWords({ layers }: ModelSummary): string {
  const [{ cell, hiddenSize }] = layers;
  if (layers.every((layer) => layer.cell === cell && layer.hiddenSize === hiddenSize))
    return localize('report.layers', kindOf(cell).label, counted(layers.length, 'layer'), counted(hiddenSize, 'unit'));
  return stackName(layers);
}
