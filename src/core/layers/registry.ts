/** The code of every kind of layer, beside what its description says. A new kind is its folder and a line here. */
import { cellNames, isRecurrentByMatrix, kindOf, type CellName, type LayerKind } from '../../layers/catalog';
import type { Cell } from './cell';
import type { AdditiveForm } from './additiveForm';
import type { Float64Cell } from './float64Cell';
import * as gru from './gru';
import * as lstm from './lstm';
import * as minGRU from './minGRU';
import * as minLSTM from './minLSTM';
import * as rnn from './rnn';

interface LayerCode {
  /** In float32, by the kernels. */
  readonly kernels: Cell;
  readonly float64: Float64Cell;
  /** Null where what a token left in the state is no sum over tokens. */
  readonly additive: AdditiveForm | null;
}

type WithKind<Code> = Code &
  Pick<LayerKind, 'gates' | 'states'> & {
    /** It multiplies h_{t−1} by a matrix. */
    readonly hasR: boolean;
  };

const code: Readonly<Record<CellName, LayerCode>> = { rnn, lstm, gru, minGRU, minLSTM };

/** Made once: they are looked up in every pass. */
const cells = new Map(cellNames.map((name) => [name, described(name, code[name].kernels)] as const));
const float64Cells = new Map(cellNames.map((name) => [name, described(name, code[name].float64)] as const));

function described<Code extends object>(name: CellName, of: Code): WithKind<Code> {
  const { gates, states } = kindOf(name);
  return { ...of, gates, states, hasR: isRecurrentByMatrix(name) };
}

function found<T>(cell: T | undefined, name: CellName): T {
  if (cell === undefined) throw new Error(`no code for the kind ${name}`);
  return cell;
}

export function cellOf(name: CellName): WithKind<Cell> {
  return found(cells.get(name), name);
}

export function float64CellOf(name: CellName): WithKind<Float64Cell> {
  return found(float64Cells.get(name), name);
}

export function additiveFormOf(name: CellName): AdditiveForm | null {
  return code[name].additive;
}
