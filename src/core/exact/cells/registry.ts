import type { CellName } from '../../model/config';
import type { ExactCell } from './cell';
import { gru } from './gru';
import { lstm } from './lstm';
import { rnn } from './rnn';

const cells: Readonly<Record<CellName, ExactCell>> = { rnn, gru, lstm };

export function exactCellOf(name: CellName): ExactCell {
  return cells[name];
}
