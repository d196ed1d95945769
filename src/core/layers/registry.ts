/** The code of every kind of layer, beside what its description says. A new kind is its folder and a line here. */
import { cellNames, isRecurrentByMatrix, kindOf, type CellName, type LayerKind } from '../../layers/catalog';
import type { Cell } from './cell';
import type { AdditiveForm } from './additiveForm';
import type { Float64Cell } from './float64Cell';
import type { Float64Mixer } from './float64Mixer';
import type { MakeMixer } from './mixer';
import * as gru from './gru';
import * as lstm from './lstm';
import * as minGRU from './minGRU';
import * as minLSTM from './minLSTM';
import * as rnn from './rnn';

/** Of a recurrent cell. */
interface CellCode {
  /** In float32, by the kernels. */
  readonly kernels: Cell;
  readonly float64: Float64Cell;
  /** Null where what a token left in the state is no sum over tokens. */
  readonly additive: AdditiveForm | null;
}

/** Of a mixer: of each of its sublayers, by name. */
export interface MixerCode {
  readonly sublayers: Readonly<Partial<Record<string, SublayerCode>>>;
}

export interface SublayerCode {
  readonly make: MakeMixer;
  readonly float64: Float64Mixer;
}

type WithKind<Code> = Code &
  Pick<LayerKind, 'gates' | 'states'> & {
    /** It multiplies h_{t−1} by a matrix. */
    readonly hasR: boolean;
  };

const code: Readonly<Record<CellName, CellCode | MixerCode>> = { rnn, lstm, gru, minGRU, minLSTM };

/** Made once: they are looked up in every pass. */
const cells = new Map<CellName, WithKind<Cell>>();
const float64Cells = new Map<CellName, WithKind<Float64Cell>>();
const additiveForms = new Map<CellName, AdditiveForm | null>();
const mixers = new Map<CellName, MixerCode>();
for (const name of cellNames) addCode(name, code[name]);

/** Of a kind that has been added to the catalog. */
export function addCode(name: CellName, of: CellCode | MixerCode): void {
  if ('sublayers' in of) {
    mixers.set(name, of);
    return;
  }
  cells.set(name, described(name, of.kernels));
  float64Cells.set(name, described(name, of.float64));
  additiveForms.set(name, of.additive);
}

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

/** Null where what a token left in the state is no sum over tokens. */
export function additiveFormOf(name: CellName): AdditiveForm | null {
  return additiveForms.get(name) ?? null;
}

/** @param sublayer its name */
export function mixerOf(name: CellName, sublayer: string): SublayerCode {
  return found(mixers.get(name)?.sublayers[sublayer], name);
}
