/** What a sweep's folder says: sweep.json, what is tried, and each trial's result.json. docs/sweeps.md is the contract with what writes them. */
import { UserError } from '../../userError';
import { maxTrials, type SweepAxis, type TrialResult, type TrialState } from '../../pageContract/sweep';

export const sweepFileName = 'sweep.json';
const format = 'backflow-sweep';
/** The newest that is read. */
const version = 1;
const seedKey = 'seed';
const maxKeys = 32;
/** Code units of a setting's name or value, and of why a trial failed. */
const maxWordLength = 200;
const maxReasonLength = 1000;

export interface SweepPlan {
  /** Path of the text, as it was where the sweep was made. */
  readonly corpus: string;
  readonly steps: number;
  /** In the order of the file, which names and orders the trials; `seed` last. */
  readonly axes: readonly SweepAxis[];
}

export interface PlannedTrial {
  /** Of its folder. */
  readonly name: string;
  /** Of each axis, which value it has. */
  readonly at: readonly number[];
}

/** A result, and whether its losses are squared errors. */
export interface ReadResult extends TrialResult {
  readonly isOfNumbers: boolean;
}

const resultStates: ReadonlySet<unknown> = new Set<TrialState>(['done', 'stopped', 'diverged', 'failed']);

/** @param file its path, for the sentences  @throws UserError where it is no sweep's, or not one that this version reads */
export function parseSweepFile(text: string, file: string): SweepPlan {
  const malformed = (name: string) => new UserError('error.sweep.field', file, name);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new UserError('error.sweep.notJson', file);
  }
  if (field(found, 'format') !== format) throw new UserError('error.sweep.notOne', file);
  const written = field(found, 'version');
  if (isCount(written) && written > version) throw new UserError('error.sweep.newer', file, written, version);
  if (written !== version) throw malformed('version');
  const [corpus, steps, samples] = [field(found, 'corpus'), field(found, 'steps'), field(found, 'samples')];
  if (typeof corpus !== 'string') throw malformed('corpus');
  if (!isCount(steps)) throw malformed('steps');
  if (!isCount(samples)) throw malformed('samples');
  const settings = axesOf(field(found, 'grid'));
  if (!settings) throw malformed('grid');
  const trials = settings.reduce((product, { values }) => product * values.length, samples);
  if (trials > maxTrials) throw new UserError('error.sweep.tooMany', file, trials, maxTrials);
  const seeds = Array.from({ length: samples }, (_, i) => String(i + 1));
  return { corpus, steps, axes: [...settings, { key: seedKey, values: seeds }] };
}

/** Every point of the grid with each seed, the seed turning slowest and of the settings the first: the order by which the folders are numbered. */
export function trialsOf({ axes }: SweepPlan): PlannedTrial[] {
  const settings = axes.slice(0, -1);
  const points = settings.reduce<readonly (readonly number[])[]>(
    (before, { values }) => before.flatMap((point) => values.map((_, i) => [...point, i])),
    [[]],
  );
  return axes[settings.length].values.flatMap((seed, s) =>
    points.map((point, p) => {
      const number = String(s * points.length + p + 1).padStart(4, '0');
      const words = settings.map(({ key, values }, i) => `${key}=${values[point[i]]}`);
      const name = [number, ...words, `${seedKey}=${seed}`].join('_').replaceAll(/[^A-Za-z0-9.=_+-]+/gu, '-');
      return { name, at: [...point, s] };
    }),
  );
}

/** Null where it is none, as of a file that was cut off. */
export function parseTrialResult(text: string): ReadResult | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  const [state, reason, within] = [field(found, 'state'), field(found, 'reason'), field(found, 'within')];
  if (!resultStates.has(state)) return null;
  const number = (key: string, least: number): number | null => {
    const value = field(found, key);
    return typeof value === 'number' && Number.isFinite(value) && value >= least ? value : null;
  };
  return {
    state: state as TrialState,
    step: number('step', 0),
    // That of a training function can be below zero, as a logarithm of a density is.
    loss: number('loss', -Infinity),
    validationLoss: number('validationLoss', -Infinity),
    horizon: number('horizon', 0),
    within: isCount(within) ? within : null,
    reason: typeof reason === 'string' ? reason.slice(0, maxReasonLength) : null,
    isOfNumbers: field(found, 'objective') === 'squaredError',
  };
}

/** Whether a sweep is of a training function, `FILE.py` or `FILE.py:FUNCTION`, and not of a text: what tells them apart for the sweep command, too. */
export function isOfFunction(corpus: string): boolean {
  return corpus.endsWith('.py') || corpus.includes('.py:');
}

function axesOf(grid: unknown): SweepAxis[] | null {
  if (typeof grid !== 'object' || grid === null || Array.isArray(grid)) return null;
  const entries = Object.entries(grid);
  if (entries.length === 0 || entries.length > maxKeys) return null;
  const axes = entries.flatMap(([key, values]) => {
    const isAxis = isWord(key) && key !== seedKey && isListOfWords(values) && new Set(values).size === values.length;
    return isAxis ? [{ key, values }] : [];
  });
  return axes.length === entries.length ? axes : null;
}

function isListOfWords(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.length > 0 && values.length <= maxTrials && values.every(isWord);
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxWordLength;
}

/** A whole number from 1 on. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
