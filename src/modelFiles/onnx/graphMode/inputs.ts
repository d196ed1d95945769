/** The inputs of a graph that is to read a text: in which of them the ids can go and how, and what the others are given. */
import { kindOfType } from '../../../core/graph/attributes';
import { floats, integers, sizeOf, type ElementKind, type Tensor } from '../../../core/graph/tensor';
import type { GraphProto } from '../../../formats/onnx/messages';

/** The size of an axis, its name where the file only names it, or null. */
export type DeclaredSize = number | string | null;

/** An input without a default. */
export interface FreeInput {
  readonly name: string;
  readonly kind: ElementKind;
  readonly sizes: readonly DeclaredSize[];
}

/** How the ids of a text go in. */
export interface IdsInput {
  readonly name: string;
  readonly kind: ElementKind;
  /** Of each axis: the steps of the text, or a number of texts beside each other, which are then all the same. */
  readonly axes: readonly ('time' | number)[];
  /** Names of those axes, where the file has some. */
  readonly declared: readonly DeclaredSize[];
  /** Symbols, where each token is zeros and a one, along an axis of their own; null where it is a number. */
  readonly oneHot: number | null;
  /** Where that axis stands among the others. */
  readonly symbolAxis: number;
  /** Steps that one run must have; null where any number goes. */
  readonly length: number | null;
}

/** What an input that is no text is given. */
export type Filler = 'zeros' | 'ones' | 'length' | 'positions';

export interface OtherInput extends FreeInput {
  readonly filler: Filler;
  /** The input's name says what it is; else it must make no difference. */
  readonly isClear: boolean;
}

/** Names of what is no text, whatever its type. */
const noText = /mask|pos|type|segment|len|state|hidden|cell|past|cache|size/i;
const text = /ids?$|tok|text|char|word|input|^x$|seq/i;

/** Throws Unsupported for an input that is no tensor of numbers. */
export function freeInputs({ input, initializer }: GraphProto): FreeInput[] {
  const constants = new Set(initializer.map(({ name }) => name));
  return input
    .filter(({ name }) => !constants.has(name))
    .map(({ name, type }) => ({
      name,
      kind: kindOfType(type?.tensorType?.elemType),
      sizes:
        type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) =>
          dimValue !== undefined && dimValue > 0 ? dimValue : dimParam ? dimParam : null,
        ) ?? [],
    }));
}

/** All ways in which a text can go into the graph, the likeliest first; those that take one token a run last. */
export function idsInputs(free: readonly FreeInput[]): { whole: IdsInput[]; single: IdsInput[] } {
  const rank = ({ name }: FreeInput) => (noText.test(name) ? 2 : 0) + (text.test(name) ? 0 : 1);
  const ordered = free.toSorted((a, b) => rank(a) - rank(b));
  const forms = ordered.flatMap((input) => formsOf(input));
  return {
    whole: forms.flatMap((form) =>
      // The last axis first: a batch mostly stands in front.
      [...form.declared.keys()]
        .toReversed()
        .filter((axis) => form.declared[axis] !== 1)
        .map((axis) => withTime(form, axis)),
    ),
    single: forms
      .filter(({ declared }) => declared.every((size) => typeof size !== 'number' || size === 1))
      .map((form) => ({ ...form, axes: form.declared.map(() => 1), length: 1 })),
  };
}

function formsOf({ name, kind, sizes }: FreeInput): IdsInput[] {
  const form = { name, kind, axes: [], length: null };
  const forms: IdsInput[] = [];
  if (kind === 'integer' || sizes.length <= 2)
    forms.push({ ...form, declared: sizes, oneHot: null, symbolAxis: sizes.length });
  if (kind !== 'float' || sizes.length < 2) return forms;
  // The last axis first; others are those of column vectors, and of channels before the time.
  for (const [symbolAxis, size] of Array.from(sizes.entries()).toReversed())
    if (typeof size === 'number' && size > 1)
      forms.push({ ...form, declared: sizes.toSpliced(symbolAxis, 1), oneHot: size, symbolAxis });
  return forms;
}

function withTime(form: IdsInput, time: number): IdsInput {
  const own = form.declared[time];
  return {
    ...form,
    axes: form.declared.map((size, axis) => (axis === time ? 'time' : typeof size === 'number' ? size : 1)),
    length: typeof own === 'number' ? own : null,
  };
}

/** The same text that often beside itself. */
export function batchOf({ axes }: IdsInput): number {
  return axes.reduce<number>((product, size) => (size === 'time' ? product : product * size), 1);
}

/** The ids as the graph takes them. @param ids as many as the run has steps */
export function idsTensor({ kind, axes, oneHot, symbolAxis }: IdsInput, ids: ArrayLike<number>): Tensor {
  const shape = axes.map((size) => (size === 'time' ? ids.length : size));
  const time = axes.indexOf('time');
  const inner = shape.slice(time + 1).reduce((product, size) => product * size, 1);
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    time < 0 ? ids[0] : ids[Math.floor(i / inner) % ids.length],
  );
  if (oneHot === null) return { kind, shape, data };
  const behind = sizeOf(shape.slice(symbolAxis));
  const rows = new Float64Array(data.length * oneHot);
  data.forEach((id, i) => {
    if (id < oneHot) rows[(Math.floor(i / behind) * oneHot + id) * behind + (i % behind)] = 1;
  });
  return { kind, shape: shape.toSpliced(symbolAxis, 0, oneHot), data: rows };
}

/** What the other inputs are given, as their names and types say. */
export function otherInputs(free: readonly FreeInput[], ids: IdsInput): OtherInput[] {
  return free.filter(({ name }) => name !== ids.name).map((input) => ({ ...input, ...fillerOf(input) }));
}

function fillerOf({ name, kind, sizes }: FreeInput): { filler: Filler; isClear: boolean } {
  if (/mask/i.test(name)) return { filler: 'ones', isClear: true };
  if (kind === 'float') return { filler: 'zeros', isClear: sizes.length > 1 };
  if (kind === 'boolean') return { filler: 'zeros', isClear: false };
  if (/pos/i.test(name)) return { filler: 'positions', isClear: true };
  if (/type|segment|past|cache|offset|start/i.test(name)) return { filler: 'zeros', isClear: true };
  if (/len|size|steps/i.test(name)) return { filler: 'length', isClear: true };
  return { filler: sizes.length < 2 ? 'length' : 'zeros', isClear: false };
}

/** What the other inputs can be given: where a length is only a guess, zeros after that, since a length can be no row of a table. */
export function fillings(others: readonly OtherInput[]): (readonly OtherInput[])[] {
  const isGuess = ({ filler, isClear }: OtherInput) => filler === 'length' && !isClear;
  const zeros = others.map((other) => (isGuess(other) ? { ...other, filler: 'zeros' as const } : other));
  return others.some((other) => isGuess(other)) ? [others, zeros] : [others];
}

/** @param steps of the run  @param position of its first step in the text */
export function otherTensor(
  { name, kind, sizes, filler }: OtherInput,
  ids: IdsInput,
  steps: number,
  position: number,
): Tensor {
  const shape = sizes.map((size, axis) => sizeLike(name, size, axis, sizes.length, ids, steps));
  const count = sizeOf(shape);
  const time = timeAxisOf(sizes, ids);
  const inner = shape.slice(time + 1).reduce((product, size) => product * size, 1);
  const value = (i: number) => {
    if (filler === 'positions')
      return position + (steps === 1 || time < 0 ? 0 : Math.floor(i / inner) % Math.max(1, shape[time]));
    return filler === 'length' ? steps : filler === 'ones' ? 1 : 0;
  };
  const data = Float64Array.from({ length: count }, (_, i) => value(i));
  if (kind === 'float') return floats(shape, data);
  return kind === 'integer' ? integers(shape, data) : { kind, shape, data };
}

/** Which axis of another input is as long as the text: that of the same name as the ids', else that in the same place. */
function timeAxisOf(sizes: readonly DeclaredSize[], { axes, declared }: IdsInput): number {
  const time = axes.indexOf('time');
  if (time < 0) return -1;
  const named = typeof declared[time] === 'string' ? sizes.indexOf(declared[time]) : -1;
  if (named >= 0) return named;
  return sizes.length === axes.length && typeof sizes[time] !== 'number' ? time : -1;
}

function sizeLike(name: string, size: DeclaredSize, axis: number, rank: number, ids: IdsInput, steps: number): number {
  if (typeof size === 'number') return size;
  const like = typeof size === 'string' ? ids.declared.indexOf(size) : -1;
  const place = like >= 0 ? like : rank === ids.axes.length ? axis : -1;
  if (place >= 0 && (like >= 0 || !/past|cache/i.test(name))) {
    const own = ids.axes[place];
    return own === 'time' ? steps : own;
  }
  // What was before the text: nothing.
  const axisName = size ?? '';
  if (/past|cache/i.test(`${name} ${axisName}`) && /past|cache|seq|time|len/i.test(axisName)) return 0;
  return typeof size === 'string' && /batch/i.test(size) ? batchOf(ids) : 1;
}

/** Whether the input can hold what a run gives for the next. */
export function isStateInput({ kind, sizes }: FreeInput): boolean {
  return kind === 'float' && sizes.length > 0;
}
