// Training steps of attention, ours beside PyTorch's fused attention.
import { besideColumns, columnsReport, legend } from '../lib/kinds.mjs';

export const title = 'Attention, ours (recording always) beside PyTorch';

const columns = [
  { name: 'eager', column: 'attention' },
  { name: 'compiled', column: 'attention', compiled: true },
];
/** Times as fast as the eager one. */
const bar = 1.3;

export async function measure(context) {
  const rows = context.kinds.filter(({ model }) => model.cell === 'attention');
  const results = await besideColumns(context, rows, columns, bar);
  return results.map((result) => ({ ...result, reached: result.columns[0].ratio >= bar }));
}

export function report(results) {
  return `${legend}. *Eager* is \`scaled_dot_product_attention\` as people write it around it, *compiled* the same by \`torch.compile\`. The bar is for the first.\n\n${columnsReport(results, bar)}`;
}
