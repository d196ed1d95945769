/** One step's file of a recording, as docs/recording.md has it: the weights that were used, the tokens, and what the recorder measured. Of several streams, the first. */
import { UserError } from '../../userError';
import type { Tensor, UnreadTensor } from '../safetensors';

/** The newest form that is read here; also of run.json. */
export const recordingVersion = 1;
const stepFormat = 'backflow-recording-step';
/** Of one file: far more than a model has modules and states. */
const maxSeries = 10_000;
/** In `:targets`: nothing is to be predicted. */
const noTarget = -100;
/** Names with it are the recorder's own. */
const colon = ':';

/** One state of a module, or the output of one; T values each. */
export interface RecordedSeries {
  readonly name: string;
  readonly module: string;
  /** Of a recurrent module. */
  readonly layer: number | null;
  readonly direction: 'forward' | 'backward' | null;
  readonly state: 'h' | 'c' | null;
  readonly role: 'state' | 'tensor';
  readonly width: number;
  /** ‖s_t‖₂. */
  readonly norm: Float64Array;
  /** ‖∂L/∂s_t‖₂; null in one look at a model, which follows targets alone. */
  readonly total: Float64Array | null;
  /** log₁₀‖∂ℓ_τ/∂s_t‖₂; NaN where the target cannot be reached, −Infinity for exactly zero. */
  readonly flow: Float64Array;
  /** T × T, row τ, column t: the same of every target; null where it was not asked for. */
  readonly matrix: Float64Array | null;
}

export interface RecordedStep {
  /** Number of the update, 1 is the first. */
  readonly step: number;
  /** T. */
  readonly steps: number;
  /** τ. */
  readonly target: number;
  /** T each; null where they are not known. In the targets −1 is none. */
  readonly ids: Int32Array | null;
  readonly targets: Int32Array | null;
  readonly series: readonly RecordedSeries[];
  /** By PyTorch's names. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly unread: ReadonlyMap<string, UnreadTensor>;
  /** By `MODULE:h_0` and `MODULE:c_0`, layers and directions × H; absent where they are zero. */
  readonly initial: ReadonlyMap<string, readonly Float64Array[]>;
}

/** Whether it is one of the series, which are all that is needed to draw how a flow changed. */
export function isOfSeries(tensor: string): boolean {
  return /:(norm|total|flow)$/.test(tensor);
}

/** Throws a UserError that names what is wrong. @param file for the sentences */
export function recordedStep(
  {
    tensors,
    unread,
    metadata,
  }: {
    readonly tensors: ReadonlyMap<string, Tensor>;
    readonly unread: ReadonlyMap<string, UnreadTensor>;
    readonly metadata: Readonly<Record<string, string>>;
  },
  file: string,
): RecordedStep {
  if (metadata['format'] !== stepFormat) throw new UserError('error.recording.notStep', file);
  checkVersion(Number(metadata['version']), file);
  const step = wholeOf(metadata, 'step', file);
  // A recorder that has refused every module of a step writes what was read, and no flow.
  if (!Object.hasOwn(metadata, 'target')) throw new UserError('error.recording.noFlow', file);
  const target = wholeOf(metadata, 'target', file);
  const described = seriesIn(metadata['series'] ?? '', file);
  const whole = stepsOf(described, tensors, file);
  const length = streamOf(tensors, ':lengths', null, file)?.at(0) ?? whole;
  if (length < 1 || length > whole) throw broken(file, ':lengths');
  // What is behind the end of a shorter sequence is padding.
  const cut = (values: Float64Array) => values.subarray(0, length);
  const series = described.map((each): RecordedSeries => ({
    ...each,
    norm: cut(numbersOf(tensors, `${each.name}:norm`, [whole], file)),
    total: tensors.has(`${each.name}:total`) ? cut(numbersOf(tensors, `${each.name}:total`, [whole], file)) : null,
    flow: cut(numbersOf(tensors, `${each.name}:flow`, [whole], file)),
    matrix: tensors.has(`${each.name}:matrix`)
      ? cutMatrix(numbersOf(tensors, `${each.name}:matrix`, [whole, whole], file), whole, length)
      : null,
  }));
  if (target >= length) throw wrongField(file, 'target', target);
  const isOwn = (name: string) => name.includes(colon);
  return {
    step,
    steps: length,
    target,
    ids: streamOf(tensors, ':ids', whole, file, 0)?.subarray(0, length) ?? null,
    targets:
      streamOf(tensors, ':targets', whole, file, noTarget)
        ?.subarray(0, length)
        .map((id) => Math.max(id, -1)) ?? null,
    series,
    weights: new Map(Array.from(tensors).filter(([name]) => !isOwn(name))),
    unread: new Map(Array.from(unread).filter(([name]) => !isOwn(name))),
    initial: new Map(
      Array.from(tensors.keys())
        .filter((name) => /:[hc]_0$/.test(name))
        .map((name) => [name, rowsOfStates(tensors, name, file)]),
    ),
  };
}

/** Throws a UserError where it is newer than what is read here, or none. */
export function checkVersion(version: number, file: string): void {
  if (!Number.isSafeInteger(version) || version < 1) throw wrongField(file, 'version', version);
  if (version > recordingVersion) throw new UserError('error.recording.newer', file, version, recordingVersion);
}

/** @param value as it stands there */
export function wrongField(file: string, field: string, value: string | number): UserError {
  return new UserError('error.recording.field', file, field, value);
}

function broken(file: string, tensor: string): UserError {
  return new UserError('error.recording.tensor', file, tensor);
}

function wholeOf(metadata: Readonly<Record<string, string>>, key: string, file: string): number {
  const text = metadata[key] ?? '';
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw wrongField(file, key, text);
  return value;
}

type Described = Omit<RecordedSeries, 'norm' | 'total' | 'flow' | 'matrix'>;

function seriesIn(text: string, file: string): Described[] {
  const refused = () => wrongField(file, 'series', text.slice(0, 80));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refused();
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || parsed.length > maxSeries) throw refused();
  const names = new Set<string>();
  return parsed.map((entry: unknown): Described => {
    if (typeof entry !== 'object' || entry === null) throw refused();
    const { name, module, layer, direction, state, role, width } = entry as Readonly<Record<string, unknown>>;
    const isKnown =
      typeof name === 'string' &&
      !names.has(name) &&
      typeof module === 'string' &&
      isOneOf(layer ?? null, [null], isCount) &&
      isOneOf(direction ?? null, [null, 'forward', 'backward']) &&
      isOneOf(state ?? null, [null, 'h', 'c']) &&
      isOneOf(role, ['state', 'tensor']) &&
      isCount(width);
    if (!isKnown) throw refused();
    names.add(name);
    return {
      name,
      module,
      layer: (layer ?? null) as number | null,
      direction: (direction ?? null) as Described['direction'],
      state: (state ?? null) as Described['state'],
      role: role as Described['role'],
      width,
    };
  });
}

function isOneOf(value: unknown, values: readonly unknown[], isOther?: (value: unknown) => boolean): boolean {
  return values.includes(value) || isOther?.(value) === true;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** T. */
function stepsOf(described: readonly Described[], tensors: ReadonlyMap<string, Tensor>, file: string): number {
  const name = `${described[0].name}:flow`;
  const shape = tensors.get(name)?.shape;
  if (shape?.length !== 1 || shape[0] < 1) throw broken(file, name);
  return shape[0];
}

function numbersOf(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  shape: readonly number[],
  file: string,
): Float64Array {
  const found = tensors.get(name);
  const isRight =
    found &&
    (found.dtype === 'F64' || found.dtype === 'F32') &&
    found.shape.length === shape.length &&
    found.shape.every((size, i) => size === shape[i]);
  if (!isRight) throw broken(file, name);
  return found.dtype === 'F64' ? found.data : Float64Array.from(found.data);
}

function cutMatrix(matrix: Float64Array, whole: number, length: number): Float64Array {
  if (length === whole) return matrix;
  return Float64Array.from(
    { length: length * length },
    (_, i) => matrix[Math.floor(i / length) * whole + (i % length)],
  );
}

/** Whole numbers of the first stream, [T, B] or, where no T is given, [B]; null where there are none. @param least the smallest there can be */
function streamOf(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  steps: number | null,
  file: string,
  least = 0,
): Int32Array | null {
  const found = tensors.get(name);
  if (!found) return null;
  const { shape, data } = found;
  const isRight = steps === null ? shape.length === 1 : shape.length === 2 && shape[0] === steps;
  const streams = shape.at(-1) ?? 0;
  if (!isRight || streams < 1 || (found.dtype !== 'I64' && found.dtype !== 'I32')) throw broken(file, name);
  return Int32Array.from({ length: steps ?? streams }, (_, t) => {
    const value = Number(data[steps === null ? t : t * streams]);
    if (value < least || value > 0x7fffffff) throw broken(file, name);
    return value;
  });
}

/** [L·D, B, H]: of each layer and direction the first stream's. */
function rowsOfStates(tensors: ReadonlyMap<string, Tensor>, name: string, file: string): Float64Array[] {
  const found = tensors.get(name);
  if (found?.shape.length !== 3 || found.shape[1] < 1) throw broken(file, name);
  const [rows, streams, width] = found.shape;
  const numbers = numbersOf(tensors, name, found.shape, file);
  return Array.from({ length: rows }, (_, row) => numbers.slice(row * streams * width, row * streams * width + width));
}
