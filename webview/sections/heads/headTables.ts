/** The attention weights and the gradients by keys and values as tables. */
import { headWeightsOf, type Frame } from '../../../src/protocol/frame';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';
import type { Texts } from '../../shared/texts';
import { headGrid } from './headGradients';

/** @param title of the shown head's weights */
export function headTables(frame: Frame, title: string, texts: Texts): ExportedTable[] {
  const { tokens } = frame.header;
  const T = tokens.length;
  const weights = headWeightsOf(frame);
  const grid = headGrid(frame);
  return [
    ...(weights
      ? [
          {
            id: 'attention-weights',
            title,
            columns: ['target', 'source', 'weight'],
            *rows(): Iterable<Cell[]> {
              for (let target = 0; target < T; target++)
                for (let source = 0; source <= target; source++) yield [target, source, weights[target * T + source]];
            },
          },
        ]
      : []),
    ...(grid
      ? [
          {
            id: 'attention-gradients',
            title: texts.get('panel.attention.gradientTitle'),
            columns: ['step', 'token', 'head', 'log10 gradient by key', 'log10 gradient by value'],
            *rows(): Iterable<Cell[]> {
              for (let head = 0; head < grid.heads; head++)
                for (let step = 0; step < T; step++) {
                  const at = head * T + step;
                  yield [step, tokens[step], head + 1, grid.values[at], grid.values[grid.heads * T + at]];
                }
            },
          },
        ]
      : []),
  ];
}
