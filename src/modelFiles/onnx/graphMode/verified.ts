/** Whether a way to run a graph is one: runs that differ in some tokens show what it reads, and inputs whose meaning is not known must make no difference. */
import type { GraphProgram } from '../../../core/graph/run';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { Turns } from '../../../core/graph/turns';
import { UserError } from '../../../userError';
import type { Evidence } from './evidence';
import { formOf } from './losses';
import { changedFrom, maxTape, someIds } from './probes';
import type { Candidate } from './scoreCandidates';
import {
  runText,
  scoreRows,
  softmaxInput,
  tensorIn,
  valuesOf,
  type GraphUse,
  type ScoresPlace,
  type TextRun,
} from './textRun';

/** One way to run the graph that works. */
export interface Attempt {
  readonly use: GraphUse & { readonly scores: ScoresPlace };
  readonly evidence: Evidence;
  /** An answer depends on another token than the one just read. */
  readonly hasMemory: boolean;
  readonly readsLater: boolean;
  /** What one call hands to the next is made of its scores: more likely they are the state, and what is taken for the state is not. */
  readonly carriesScores: boolean;
}

/**
 * Runs that differ in some tokens, and what they show; null where the candidate holds no scores after all.
 * @param made a run that there is already, and its ids
 */
export function* verified(
  program: GraphProgram,
  use: GraphUse,
  candidate: Candidate,
  short: number | null,
  long: number,
  made: { readonly ids: Int32Array; readonly run: TextRun } | null = null,
): Turns<Attempt | null> {
  const place: ScoresPlace = { ...candidate, form: 'logits', isBeforeSoftmax: false };
  // An embedding can have fewer rows than there are scores.
  for (const size of new Set([Math.min(use.ids.oneHot ?? candidate.size, candidate.size), 2])) {
    const ids = someIds(long, size);
    const run = (each: Int32Array) => runText(program, use, each, new Tape(maxTape));
    const isMade = made?.ids.every((id, t) => id === ids[t]);
    const base = made && isMade ? made.run : yield* run(ids);
    if (!isWhole(base, use, place)) continue;
    const last = yield* run(changedFrom(ids, size, long - 1));
    const earlier = yield* run(changedFrom(ids, size, 0, long - 1));
    const shorter = short === null ? null : yield* run(ids.slice(0, short));
    const evidence: Evidence = { ids, base, last, earlier, shorter };
    const rows = (each: TextRun) => rowsOf(each, use, place);
    const [of, ofLast, ofEarlier] = [base, last, earlier].map(rows);
    if (of.every((row, t) => equal(row, ofEarlier[t], 0) && equal(row, ofLast[t], 0))) return null;
    if (use.way === 'prefixes' && equal(of[0], ofLast[0], 0)) return null;
    const readsLater =
      use.way !== 'prefixes' &&
      (of.slice(0, -1).some((row, t) => !equal(row, ofLast[t], 1e-9)) ||
        (use.way === 'whole' && shorter !== null && rows(shorter).some((row, t) => !equal(row, of[t], 1e-9))));
    const end = of.length - 1;
    const hasMemory =
      readsLater ||
      !equal(of[end], ofEarlier[end], 0) ||
      remembersFirst(rows(yield* run(changedFrom(ids, size, 0, 1))), of);
    return {
      use: { ...use, scores: withForm(base, use, place) },
      evidence,
      hasMemory,
      readsLater,
      carriesScores: false,
    };
  }
  return null;
}

/** Whether another first token changes any later answer. */
function remembersFirst(changed: readonly Float64Array[], of: readonly Float64Array[]): boolean {
  return changed.some((row, t) => t > 0 && !equal(row, of[t], 0));
}

function isWhole(run: TextRun, use: GraphUse, place: ScoresPlace): boolean {
  return (
    run.calls.length === (use.way === 'single' ? run.steps : 1) &&
    run.calls.every((call) => {
      const scores = tensorIn(call, place.name);
      // A slice beyond the text's end is a tensor, too.
      return scores instanceof Variable && scores.tensor.data.length >= place.size;
    })
  );
}

function rowsOf(run: TextRun, use: GraphUse, place: ScoresPlace): Float64Array[] {
  return scoreRows(run, use, place).map((row) => valuesOf(row, place.size));
}

/** @param tolerance relative to the largest */
function equal(a: Float64Array, b: Float64Array | undefined, tolerance: number): boolean {
  if (!b) return false;
  const scale = a.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 0);
  return a.every((value, i) => value === b[i] || Math.abs(value - b[i]) <= tolerance * scale);
}

/** What the scores are; of probabilities, whether what the softmax reads is as good. */
function withForm(run: TextRun, use: GraphUse, place: ScoresPlace): ScoresPlace {
  const rows = scoreRows(run, use, place);
  const values = rows.map((row) => valuesOf(row, place.size));
  const form = formOf(values);
  if (form !== 'probabilities') return { ...place, form };
  const before = rows.map((row) => ({ ...row, variable: softmaxInput(run.tape, row.variable) }));
  const isSoftmax = before.every(({ variable }, t) => {
    if (variable === rows[t].variable || variable.tensor.data.length !== rows[t].variable.tensor.data.length)
      return false;
    const logits = valuesOf(before[t], place.size);
    const largest = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp(logit - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return equal(
      values[t],
      weights.map((weight) => weight / sum),
      1e-9,
    );
  });
  return isSoftmax ? { ...place, form: 'logits', isBeforeSoftmax: true } : { ...place, form };
}

/** Inputs whose meaning is not known must make no difference. Throws a UserError that names one that does. */
export function* checkOthers(program: GraphProgram, { use, evidence: { base, ids } }: Attempt): Turns<void> {
  const of = rowsOf(base, use, use.scores);
  for (const other of use.others) {
    if (other.isClear || use.carried.some(({ input }) => input === other.name)) continue;
    for (const filler of ['zeros', 'ones', 'length'] as const) {
      if (filler === other.filler) continue;
      const others = use.others.map((each) => (each === other ? { ...other, filler } : each));
      const run = yield* runText(program, { ...use, others }, ids, new Tape(maxTape));
      // A value that the graph does not take at all leaves the one that it took.
      if (!isWhole(run, use, use.scores)) continue;
      if (rowsOf(run, use, use.scores).some((row, t) => !equal(row, of[t], 1e-9)))
        throw new UserError('error.graph.inputUnknown', other.name);
    }
  }
}
