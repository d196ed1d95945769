// Training steps of minGRU and minLSTM, ours beside the ways in which PyTorch computes them.
import { besideColumns, columnsReport, legend } from '../lib/kinds.mjs';

export const title = 'minGRU and minLSTM, ours (recording always) beside PyTorch';

const columns = [
  { name: 'scan', column: 'scan' },
  { name: 'compiled scan', column: 'scan', compiled: true },
  { name: 'loop', column: 'loop' },
];
/** Times as fast as the fastest of them. */
const bar = 5;

export function measure(context) {
  const rows = context.kinds.filter(({ model }) => ['minGRU', 'minLSTM'].includes(model.cell));
  return besideColumns(context, rows, columns, bar);
}

export function report(results) {
  return `${legend}. *Scan* is the published scan in logarithms, *loop* one operation a step; the candidate is positive on both sides. The bar is for the fastest.\n\n${columnsReport(results, bar)}`;
}
