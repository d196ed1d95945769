/** All kinds of layer. A new one is its description and a line here, and its code and a line in src/core/layers/registry.ts. */
import { UserError } from '../userError';
import { attention } from './kinds/attention';
import { gru } from './kinds/gru';
import { lstm } from './kinds/lstm';
import { mamba } from './kinds/mamba';
import { minGRU } from './kinds/minGRU';
import { minLSTM } from './kinds/minLSTM';
import { rnn } from './kinds/rnn';
import type { MixerDescription } from './mixer';
import type {
  GateFunction,
  LinearNames,
  RecurrentCell,
  StateDescription,
  UnitMapDescription,
  UnitRange,
} from './recurrent';
import type { Activation } from './activation';
import { recurrentWeights, type UnitSizes } from './parameters';
import { filledOptions, optionsInWords, type LayerOptions, type OptionDescription } from './options';

/** In the order in which they are offered. */
const kinds = { rnn, lstm, gru, minGRU, minLSTM, mamba, attention } as const satisfies Readonly<
  Record<string, RecurrentCell>
>;

export type CellName = keyof typeof kinds;
type Described = (typeof kinds)[CellName];
export type UnitMapName = Described['unitMaps'][number]['name'];
type GateName = Described['gates'][number];
export type StateName = Described['states'][number]['name'];

/** One state, with the names that the kinds have. */
export interface LayerState extends StateDescription {
  readonly name: StateName;
  readonly unitMap: UnitMapName;
}

/** One kind, with the names that the kinds have. A mixer has no gates, no operator and no module: see mixer.ts. */
export interface LayerKind extends RecurrentCell {
  readonly name: CellName;
  /** Of a layer that is no recurrent cell. */
  readonly mixer?: MixerDescription;
  readonly gates: readonly GateName[];
  readonly states: readonly LayerState[];
  readonly unitMaps: readonly (UnitMapDescription & { readonly name: UnitMapName })[];
}

/** Object.keys forgets what the keys are. */
export const cellNames = Object.keys(kinds) as CellName[];

/** What is trained by default. */
export const defaultCell: CellName = lstm.name;
/** What is compared by default: the classic ones. */
export const comparedCells: readonly CellName[] = [rnn.name, lstm.name, gru.name];
/** The one without gates, in which gradients vanish and explode by the book. */
export const plainCell: CellName = rnn.name;

const all: LayerKind[] = cellNames.map((name) => kinds[name]);
const byName = new Map<string, LayerKind>(all.map((kind) => [kind.name, kind]));

/** Throws a UserError for a name that no kind has, whatever its type says. */
export function kindOf(name: CellName): LayerKind {
  const found = byName.get(checkCell(name));
  if (!found) throw new Error(`no kind ${name}`);
  return found;
}

export function isCellName(value: unknown): value is CellName {
  return typeof value === 'string' && byName.has(value);
}

/** The name itself, of what was read somewhere; throws a UserError for one that no kind has. */
export function checkCell(name: string): CellName {
  if (isCellName(name)) return name;
  throw new UserError('error.setting.cellUnknown', name, cellNames.join(', '));
}

/** "LSTM", "RNN (relu)", "minGRU (positive)". */
export function labelWith(name: CellName, activation: Activation, options: LayerOptions): string {
  const { label, activation: choice, options: listed } = kindOf(name);
  const chosen = [...(choice === 'chosen' ? [activation] : []), ...optionsInWords(listed, options)];
  return chosen.length > 0 ? `${label} (${chosen.join(', ')})` : label;
}

/** Every option that some kind has, once: options of one name are the same in every kind. */
export const layerOptions: readonly OptionDescription[] = [
  ...new Map(all.flatMap(({ options }) => options.map((option) => [option.name, option] as const))).values(),
];

/** The options of a layer of this kind: the given ones, checked, and the others by default. What other kinds have is left out. */
export function optionsOf(name: CellName, given: LayerOptions): LayerOptions {
  return filledOptions(kindOf(name).options, given);
}

/** A layer's activation functions in the order of its ONNX operator; none of a kind without one. @param chosen where the kind leaves it open */
export function activationsOf<Chosen>(name: CellName, chosen: Chosen): (GateFunction | Chosen)[] {
  return (kindOf(name).onnx?.activations ?? []).map((activation) => (activation === 'chosen' ? chosen : activation));
}

/** Whether the values of a layer's states have no upper bound, since its activation has none. */
export function isUnboundedBy(name: CellName, activation: Activation): boolean {
  return kindOf(name).activation === 'chosen' && activation === 'relu';
}

/** The kind with this ONNX operator; undefined for operators that are none of a layer's. */
export function kindOfOperator(operator: string): LayerKind | undefined {
  return all.find(({ onnx }) => onnx?.operator === operator);
}

/** The kind with this layer in Keras; undefined for layers that are none of a kind's. */
export function kindOfKeras(layer: string): LayerKind | undefined {
  return all.find(({ keras }) => keras?.layer === layer);
}

/** ONNX's operators of the kinds. */
export const operators: readonly string[] = all.flatMap(({ onnx }) => onnx?.operator ?? []);

/** The kind whose PyTorch module has so many blocks of rows in its weights. */
export function kindOfBlocks(blocks: number): LayerKind | undefined {
  return all.find(({ torch }) => torch?.gateOrder.length === blocks);
}

/** The ONNX operator of that kind, for layers that a file has written out in operators of another sort. */
export function operatorOfBlocks(blocks: number): string {
  const operator = kindOfBlocks(blocks)?.onnx?.operator;
  if (operator === undefined) throw new Error(`no kind of layer has ${blocks} blocks`);
  return operator;
}

/** The kinds whose layers are modules of `nn.Linear`s, with their names. */
export const linearKinds: readonly { readonly kind: LayerKind; readonly names: LinearNames }[] = all.flatMap((kind) =>
  kind.linears ? [{ kind, names: kind.linears }] : [],
);

/** Which block of ours is block b of the gates in PyTorch's world; none of a kind that is not known there. */
export function torchGateOrderOf(name: CellName): readonly number[] | null {
  const { torch, linears } = kindOf(name);
  return (torch ?? linears)?.gateOrder ?? null;
}

const states = new Map(all.flatMap((kind) => kind.states.map((state) => [state.name, state] as const)));

export const stateNames: readonly StateName[] = [...states.keys()];

export function isStateName(value: unknown): value is StateName {
  return typeof value === 'string' && states.has(value as StateName);
}

/** A layer's states, first the one that carries the gradient farthest: of a recurrent layer the last one, of a mixer the first. */
export function farthestStatesFirst(name: CellName): readonly LayerState[] {
  const { states: own, mixer } = kindOf(name);
  return mixer ? own : own.toReversed();
}

/** States of one name are the same in every kind that has it. */
export function stateNamed(name: StateName): LayerState {
  const found = states.get(name);
  if (!found) throw new Error(`no kind has the state ${name}`);
  return found;
}

const maps = new Map(all.flatMap(({ unitMaps }) => unitMaps.map((map) => [map.name, map] as const)));

/** What several kinds have under one name is the same in all of them, but for its range and its letter. */
export const unitMapNames: readonly UnitMapName[] = [...maps.keys()];

export function isUnitMapName(value: unknown): value is UnitMapName {
  return typeof value === 'string' && maps.has(value as UnitMapName);
}

export function unitMapNamesOf(name: CellName): readonly UnitMapName[] {
  return kindOf(name).unitMaps.map((map) => map.name);
}

/** The map that is asked for, where the kind has it, else its first one; of a kind without any, what was asked for. */
export function unitMapOr(name: CellName, wanted: UnitMapName): UnitMapName {
  return unitMapNamesOf(name).includes(wanted) ? wanted : (firstUnitMapOf(name) ?? wanted);
}

/** The one that is looked at until another is chosen: the values of the first state, or of a kind without states the first; null of a kind without any. */
export function firstUnitMapOf(name: CellName): UnitMapName | null {
  const { states, unitMaps } = kindOf(name);
  return states.at(0)?.unitMap ?? unitMaps.at(0)?.name ?? null;
}

/** The same of every kind that has it. */
export function unitMapNamed(name: UnitMapName): UnitMapDescription {
  const found = maps.get(name);
  if (!found) throw new Error(`no kind has the unit map ${name}`);
  return found;
}

/** How many units a layer has in one of its maps, in each direction; 0 in a map that its kind does not have. */
export function unitCountOf(name: CellName, map: UnitMapName, sizes: UnitSizes): number {
  const found = kindOf(name).unitMaps.find((each) => each.name === map);
  return found ? (found.units?.(sizes) ?? sizes.hidden) : 0;
}

/** Of a map whose units are several numbers of each channel, how many; null of others. */
export function unitsOfChannel(name: CellName, map: UnitMapName, sizes: UnitSizes): number | null {
  return (
    kindOf(name)
      .unitMaps.find((each) => each.name === map)
      ?.inEachChannel?.(sizes) ?? null
  );
}

export function rangeOf(kind: CellName, map: UnitMapName, activation: Activation): UnitRange {
  const range = kindOf(kind).unitMaps.find(({ name }) => name === map)?.range ?? 'unbounded';
  return typeof range === 'string' ? range : range[activation];
}

/** Whether h_{t−1} is multiplied by a matrix. */
export function isRecurrentByMatrix(name: CellName): boolean {
  return kindOf(name).parameters.some(({ role }) => role === recurrentWeights.role);
}

/**
 * A kind besides those of the list, for as long as this program runs: the tests have their own, by which everything that walks a stack is tried. It is not
 * offered anywhere. @param kind whose states and unit maps bear names of their own
 */
export function addKind(kind: RecurrentCell & { readonly mixer?: MixerDescription }): CellName {
  // The names that are known when this is compiled are those of the list.
  const added = kind as LayerKind;
  all.push(added);
  byName.set(added.name, added);
  for (const state of added.states) states.set(state.name, state);
  for (const map of added.unitMaps) maps.set(map.name, map);
  return added.name;
}
