/** PyTorch's blocks of gates (`i f g o`, `r z n`) and ours, which are ONNX's (`i o f c`, `z r h`). */
import type { Weights } from '../../core/model/generalModel';
import { torchGateOrderOf, type CellName } from '../../layers/catalog';

/** From PyTorch's order into ours. @param ours of the same length */
export function intoOurOrder(ours: Weights, torch: Weights, cell: CellName): void {
  eachBlock(cell, torch.length, (own, theirs, length) => ours.set(torch.subarray(theirs, theirs + length), own));
}

/** A copy in PyTorch's order. */
export function inTorchOrder(ours: Float32Array, cell: CellName): Float32Array {
  const torch = new Float32Array(ours.length);
  eachBlock(cell, ours.length, (own, theirs, length) => torch.set(ours.subarray(own, own + length), theirs));
  return torch;
}

/** @param total numbers in all blocks  @param work takes where a block begins in ours and in PyTorch's, and its length */
function eachBlock(cell: CellName, total: number, work: (own: number, theirs: number, length: number) => void): void {
  const order = torchGateOrderOf(cell) ?? [];
  const length = total / order.length;
  order.forEach((block, b) => work(block * length, b * length, length));
}
