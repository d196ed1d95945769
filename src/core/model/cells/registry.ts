/** All cells. A new cell is its file and one line here. */
import type { CellName } from '../../../layers/catalogue';
import type { Cell } from './cell';
import { gru } from './gru';
import { lstm } from './lstm';
import { rnn } from './rnn';

const cells: Readonly<Record<CellName, Cell>> = { rnn, lstm, gru };

export function cellOf(name: CellName): Cell {
  return cells[name];
}
