// Training steps of Mamba, ours beside the sequential path of transformers, which is what it computes without a graphics card.
import { besideColumns, columnsReport, legend } from '../lib/kinds.mjs';

export const title = 'Mamba, ours (recording always) beside transformers';

const columns = [{ name: 'sequential', column: 'sequential' }];
/** Times as fast. */
const bar = 20;

export function measure(context) {
  return besideColumns(
    context,
    context.kinds.filter(({ model }) => model.cell === 'mamba'),
    columns,
    bar,
  );
}

export function report(results) {
  return `${legend}. \`MambaForCausalLM\` in training on its sequential path.\n\n${columnsReport(results, bar)}`;
}
