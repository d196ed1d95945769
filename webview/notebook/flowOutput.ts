/**
 * What a cell's output holds: `application/vnd.backflow.flow+json`, as docs/notebooks.md has it. It comes out of a notebook's file, which anybody can have
 * written or cut, so everything that is read of it is checked here.
 */
import type { PageKey } from '../../src/messages';
import type { SeriesChoice } from '../../src/protocol/graph';
import type { Thresholds } from '../../src/terms/regions';

export const mimeType = 'application/vnd.backflow.flow+json';
const format = 'backflow-flow';
/** The newest that is read here. */
const version = 1;
/** Of a text: far more than the recorder puts into an output. */
const maxSteps = 1_000_000;
const maxSeries = 1000;

export interface OutputSeries extends SeriesChoice {
  /** ‖s_t‖₂, T values. */
  readonly norm: Float64Array;
  /** ‖∂L/∂s_t‖₂, T values; null where it is not known. */
  readonly total: Float64Array | null;
  /** Of each target log₁₀‖∂ℓ_τ/∂s_t‖₂, T values; NaN where it cannot be reached, −Infinity for exactly zero. */
  readonly flows: readonly Float64Array[];
}

export interface FlowOutput {
  /** The model's class. */
  readonly model: string;
  /** Number of the update, of a recording; null of one look at a model. */
  readonly trainingStep: number | null;
  /** T symbols; null where the model was given no tokens. */
  readonly tokens: readonly string[] | null;
  /** T. */
  readonly steps: number;
  /** How many steps of the text before these are not here. */
  readonly first: number;
  /** τ of each flow, 0 … T − 1; the last is shown first. */
  readonly targets: readonly number[];
  readonly thresholds: Thresholds;
  readonly series: readonly OutputSeries[];
  /** How much the recorder has left out, to keep the notebook small. */
  readonly omitted: { readonly steps: number; readonly targets: number; readonly series: number };
}

/** Why an output cannot be shown, as a sentence for its reader. */
export class OutputProblem extends Error {
  readonly args: readonly string[];

  constructor(
    readonly key: PageKey,
    ...args: readonly string[]
  ) {
    super(`${key} ${args.join()}`);
    this.args = args;
  }
}

/** Throws an OutputProblem. */
export function readFlowOutput(value: unknown): FlowOutput {
  const fields = fieldsOf(value, 'format');
  if (fields['format'] !== format) throw wrong('format');
  const written = whole(fields, 'version', 1);
  if (written > version) throw new OutputProblem('panel.notebook.newer', String(written), String(version));
  const steps = whole(fields, 'steps', 1, maxSteps);
  const first = whole(fields, 'first', 0);
  const targets = listOf(fields['targets'], 'targets').map((target) => {
    if (!isWhole(target, first, first + steps - 1)) throw wrong('targets');
    return target - first;
  });
  if (targets.length === 0) throw wrong('targets');
  const series = listOf(fields['series'], 'series');
  if (series.length > maxSeries) throw wrong('series');
  return {
    model: text(fields, 'model'),
    trainingStep: fields['step'] === null ? null : whole(fields, 'step', 0),
    tokens: tokensOf(fields['tokens'], steps),
    steps,
    first,
    targets,
    thresholds: thresholdsOf(fields['thresholds']),
    series: series.map((each, i) => seriesOf(each, `series[${i}]`, steps, targets.length)),
    omitted: omittedOf(fields['omitted']),
  };
}

function seriesOf(value: unknown, at: string, steps: number, targets: number): OutputSeries {
  const fields = fieldsOf(value, at);
  const { direction, role, total } = fields;
  const flows = listOf(fields['flow'], `${at}.flow`);
  if (flows.length !== targets) throw wrong(`${at}.flow`);
  return {
    name: text(fields, 'name', at),
    role: role === 'state' ? 'state' : 'tensor',
    width: whole(fields, 'width', 0, Number.MAX_SAFE_INTEGER, at),
    isReversed: direction === 'backward',
    norm: numbers(fields['norm'], steps, `${at}.norm`),
    total: total === undefined || total === null ? null : numbers(total, steps, `${at}.total`),
    flows: flows.map((flow, i) => numbers(flow, steps, `${at}.flow[${i}]`)),
  };
}

/** JSON has no number for what is not finite: null is none, and the infinities are their names. */
function numbers(value: unknown, count: number, at: string): Float64Array {
  const list = listOf(value, at);
  if (list.length !== count) throw wrong(at);
  return Float64Array.from(list, (each) => {
    if (typeof each === 'number') return each;
    if (each === null) return NaN;
    if (each === 'Infinity') return Infinity;
    if (each === '-Infinity') return -Infinity;
    throw wrong(at);
  });
}

function tokensOf(value: unknown, steps: number): readonly string[] | null {
  if (value === null) return null;
  const list = listOf(value, 'tokens');
  const isText = (each: unknown): each is string => typeof each === 'string';
  if (list.length !== steps || !list.every(isText)) throw wrong('tokens');
  return list;
}

function thresholdsOf(value: unknown): Thresholds {
  const { vanishing, exploding } = fieldsOf(value, 'thresholds');
  if (typeof vanishing !== 'number' || typeof exploding !== 'number' || !(vanishing < 0 && exploding > 0))
    throw wrong('thresholds');
  return { vanishing, exploding };
}

function omittedOf(value: unknown): FlowOutput['omitted'] {
  const fields = fieldsOf(value, 'omitted');
  const count = (name: string) => whole(fields, name, 0, Number.MAX_SAFE_INTEGER, 'omitted');
  return { steps: count('steps'), targets: count('targets'), series: count('series') };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null) throw wrong(at);
  return value as Fields;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(at);
  return value;
}

function isWhole(value: unknown, low: number, high: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high;
}

function whole(fields: Fields, name: string, low: number, high = Number.MAX_SAFE_INTEGER, at = ''): number {
  const value = fields[name];
  if (!isWhole(value, low, high)) throw wrong(at === '' ? name : `${at}.${name}`);
  return value;
}

function text(fields: Fields, name: string, at = ''): string {
  const value = fields[name];
  if (typeof value !== 'string') throw wrong(at === '' ? name : `${at}.${name}`);
  return value;
}

function wrong(at: string): OutputProblem {
  return new OutputProblem('panel.notebook.broken', at);
}
