import type { CellName } from '../../../layers/catalogue';
import type { Float64Cell } from './cell';
import { gru } from './gru';
import { lstm } from './lstm';
import { rnn } from './rnn';

const cells: Readonly<Record<CellName, Float64Cell>> = { rnn, gru, lstm };

export function float64CellOf(name: CellName): Float64Cell {
  return cells[name];
}
