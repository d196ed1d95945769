/**
 * Finds how a graph is to be run over a text, by trying: a way is taken when the values show that it is one, never because of a name alone. The runs are
 * of few tokens.
 */
import { OperatorError } from '../../../core/graph/operatorError';
import type { GraphModel } from '../../../core/graph/model';
import type { GraphProgram } from '../../../core/graph/run';
import { Tape, Variable } from '../../../core/graph/tape';
import { Unsupported } from '../../../core/graph/tensor';
import type { Turns } from '../../../core/graph/turns';
import { dataType, type GraphProto } from '../../../formats/onnx/messages';
import { UserError } from '../../../userError';
import { carriedPairs } from './carriedPairs';
import { differs, type Evidence } from './evidence';
import { findSeries } from './findSeries';
import { fillings, freeInputs, idsInputs, otherInputs, type FreeInput, type IdsInput } from './inputs';
import { formOf } from './losses';
import { keptSizes } from './keptSizes';
import { noticesOf } from './notices';
import { operatorsBetween } from './operatorsBetween';
import { changedFrom, lengths, maxTape, someIds } from './probes';
import { scoreCandidates, smallestTable, tableSizes, type Candidate } from './scoreCandidates';
import type { Series } from './series';
import {
  runText,
  scoreRows,
  softmaxInput,
  tensorIn,
  valuesOf,
  type GraphUse,
  type ScoreRow,
  type ScoresPlace,
  type TextRun,
} from './textRun';

export interface GraphLanguageModel {
  readonly program: GraphProgram;
  /** Without scores where nodes are in the way that cannot be computed. */
  readonly use: GraphUse;
  readonly vocabularySize: number;
  /** How many different tokens it can read, as the table says whose rows they choose, or their one-hot rows; null where neither does. */
  readonly readSymbols: number | null;
  /** Elements of the constants that are floats. */
  readonly parameterCount: number;
  readonly readsLaterTokens: boolean;
  readonly series: readonly Series[];
  /** What it has answered while it was tried; null of runs of any number of steps, which are short. */
  readonly tried: { readonly ids: Int32Array; readonly rows: readonly ScoreRow[] } | null;
  readonly notices: readonly UserError[];
}

/** One way to run the graph that works. */
interface Attempt {
  readonly use: GraphUse & { readonly scores: ScoresPlace };
  readonly evidence: Evidence;
  /** An answer depends on another token than the one just read. */
  readonly hasMemory: boolean;
  readonly readsLater: boolean;
  /** What one call hands to the next is made of its scores: more likely they are the state, and what is taken for the state is not. */
  readonly carriesScores: boolean;
}

/** Why ways to run the graph do not work. */
interface Hindrances {
  readonly failures: OperatorError[];
  /** Some run had none. */
  isComputed: boolean;
  /** It answers, but only once. */
  lastOnly: UserError | null;
}

/** Throws a UserError that says what stands in the way. */
export function* recognizeGraph(model: GraphModel, program: GraphProgram): Turns<GraphLanguageModel> {
  const { graph } = model;
  const free = freeInputsOf(graph);
  const hindrances: Hindrances = { failures: [], isComputed: false, lastOnly: null };
  let best: Attempt | null = null;
  // A float is a text only where no integer is one.
  for (const kind of ['integer', 'float'] as const) {
    const { whole, single } = idsInputs(free.filter((input) => input.kind === kind));
    for (const ids of whole) {
      if (best?.hasMemory && !best.readsLater) break;
      for (const others of fillings(otherInputs(free, ids)))
        best = better(best, yield* tryWhole(graph, program, { ids, others }, hindrances));
    }
    for (const ids of single) {
      if (best?.hasMemory && !best.carriesScores) break;
      best = better(best, yield* trySingle(graph, program, free, ids, hindrances));
    }
    if (best?.hasMemory) break;
  }
  if (!best) {
    const sizes = hindrances.isComputed ? null : yield* withoutScores(graph, program, free);
    if (sizes) return sizes;
    throw refusal(graph, hindrances);
  }
  const { use, evidence, readsLater, hasMemory } = best;
  yield* checkOthers(program, best);
  const numbered = cutsIds(best) ? yield* numberedRun(program, use) : null;
  const series = findSeries(use, evidence, numbered, readsLater);
  return {
    program,
    use,
    vocabularySize: use.scores.size,
    readSymbols: readSymbolsOf(graph, use.ids, evidence),
    parameterCount: floatElements(graph),
    readsLaterTokens: readsLater,
    series,
    tried:
      use.way === 'whole' && use.ids.length !== null
        ? { ids: evidence.ids, rows: scoreRows(evidence.base, use, use.scores) }
        : null,
    notices: [...noticesOf(use, readsLater, hasMemory), ...parallelScan(evidence, series)],
  };
}

function readSymbolsOf(graph: GraphProto, ids: IdsInput, { base, earlier }: Evidence): number | null {
  const sizes = [...tableSizes(graph, base, ids, earlier)];
  return sizes.length === 0 ? null : Math.max(...sizes);
}

/** A recurrence that is computed for all steps at once hands nothing from step to step: that is said, where nothing else is a state. */
function parallelScan({ base, last }: Evidence, series: readonly Series[]): UserError[] {
  if (series.some(({ role }) => role === 'state')) return [];
  const scan = base.tape.steps.find(
    ({ operator, outputs: [sum] }, i) =>
      operator === 'CumSum' && sum.tensor.kind === 'float' && differs(sum, last.tape.steps.at(i)?.outputs[0]),
  );
  return scan ? [new UserError('notice.graph.parallelScan', scan.node)] : [];
}

/** Whether ids of single steps are cut out of the text's. */
function cutsIds({ use, evidence: { base, earlier } }: Attempt): boolean {
  const { length } = use.ids;
  if (length === null || use.way === 'single') return false;
  for (const [name, value] of base.calls[0].values) {
    const other = earlier.calls[0].values.get(name);
    if (!(value instanceof Variable) || !(other instanceof Variable) || value.tensor.kind === 'float') continue;
    if (!value.tensor.shape.includes(length) && differs(value, other)) return true;
  }
  return false;
}

/** With the ids 0, 1, 2 …: what cannot be computed with those is left out. */
function numberedRun(program: GraphProgram, use: GraphUse): Turns<TextRun> {
  const ids = Array.from({ length: use.ids.length ?? 0 }, (_, t) => t);
  return runText(program, use, ids, new Tape(maxTape));
}

function floatElements({ initializer }: GraphProto): number {
  const types: readonly (number | undefined)[] = [dataType.float, dataType.double, dataType.float16, dataType.bfloat16];
  return initializer
    .filter((tensor) => types.includes(tensor.dataType))
    .reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1), 0);
}

function freeInputsOf(graph: GraphProto): FreeInput[] {
  try {
    return freeInputs(graph);
  } catch (thrown) {
    if (thrown instanceof Unsupported) throw new UserError('error.graph.inputType', thrown.message);
    throw thrown;
  }
}

/** What answers for a token by others too is preferred, then what does not know its future, then what keeps scores and state apart. */
function better(a: Attempt | null, b: Attempt | null): Attempt | null {
  if (!a || !b) return a ?? b;
  const rank = ({ hasMemory, readsLater, carriesScores }: Attempt) =>
    (hasMemory ? 4 : 0) + (readsLater ? 0 : 2) + (carriesScores ? 0 : 1);
  return rank(b) > rank(a) ? b : a;
}

/** What a graph whose scores cannot be computed shows all the same: the tensors before the node that is in the way. Null where there are none. */
function* withoutScores(
  graph: GraphProto,
  program: GraphProgram,
  free: readonly FreeInput[],
): Turns<GraphLanguageModel | null> {
  // A float is a text only where no integer is one.
  const integers = free.filter(({ kind }) => kind === 'integer');
  for (const ids of idsInputs(integers.length > 0 ? integers : free.filter(({ kind }) => kind === 'float')).whole) {
    const use: GraphUse = { ids, others: otherInputs(free, ids), way: 'whole', carried: [], scores: null };
    for (const [short, long] of ids.length === null ? lengths : [[ids.length, ids.length] as const]) {
      const some = someIds(long, 2);
      const run = (each: Int32Array) => runText(program, use, each, new Tape(maxTape));
      const base = yield* run(some);
      const earlier = yield* run(changedFrom(some, 2, 0, long - 1));
      const size = [...tableSizes(graph, base, ids, earlier)].at(0);
      const failure = base.calls[0].failures.at(0);
      // Where all can be computed, a longer run that fails is too long for the graph.
      if (!failure) break;
      if (size === undefined) continue;
      const last = yield* run(changedFrom(some, 2, long - 1));
      const shorter = ids.length === null ? yield* run(some.slice(0, short)) : null;
      const series = findSeries(use, { ids: some, base, last, earlier, shorter }, null, false);
      if (series.length === 0) continue;
      const notice = new UserError('notice.graph.nodeFailed', failure.node, operatorOf(failure), failure.reason);
      return {
        program,
        use,
        vocabularySize: size,
        readSymbols: size,
        parameterCount: floatElements(graph),
        readsLaterTokens: false,
        series,
        tried: null,
        notices: [notice, ...noticesOf(use, false, true)],
      };
    }
  }
  return null;
}

function refusal({ node }: GraphProto, { failures, isComputed, lastOnly }: Hindrances): UserError {
  const [first] = failures;
  if (lastOnly) return lastOnly;
  if (failures.length > 0 && !isComputed)
    return new UserError('error.graph.node', first.node, operatorOf(first), first.reason);
  return node.length === 0 ? new UserError('error.graph.empty') : new UserError('error.graph.noScores');
}

export function operatorOf({ operator, domain }: OperatorError): string {
  return domain === '' ? operator : `${domain}.${operator}`;
}

function* tryWhole(
  graph: GraphProto,
  program: GraphProgram,
  { ids, others }: Pick<GraphUse, 'ids' | 'others'>,
  hindrances: Hindrances,
): Turns<Attempt | null> {
  const use: GraphUse = { ids, others, way: 'whole', carried: [], scores: null };
  if (ids.length !== null) return yield* tryFixed(graph, program, use, ids.length, hindrances);
  const fixed = new Set<number>();
  for (const [short, long] of lengths) {
    const shorter = yield* runText(program, use, someIds(short, 2), new Tape(maxTape));
    const longer = yield* runText(program, use, someIds(long, 2), new Tape(maxTape));
    const { found, traced } = scoreCandidates(graph, longer, shorter, ids);
    for (const candidate of found) {
      const attempt = yield* verified(
        program,
        { ...use, way: candidate.timeAxis === null ? 'prefixes' : 'whole' },
        candidate,
        short,
        long,
      );
      if (attempt) return attempt;
    }
    for (const size of traced) fixed.add(size);
    const failure = longer.calls[0].failures.at(0);
    if (failure) hindrances.failures.push(failure);
    else hindrances.isComputed = true;
    if (!failure && found.length === 0 && fixed.size > 0) break;
  }
  for (const size of [...fixed, ...keptSizes(graph)]) {
    const attempt = yield* tryFixed(graph, program, { ...use, ids: { ...ids, length: size } }, size, {
      failures: [],
      isComputed: false,
      lastOnly: null,
    });
    if (attempt) return attempt;
  }
  return null;
}

function* tryFixed(
  graph: GraphProto,
  program: GraphProgram,
  use: GraphUse,
  length: number,
  hindrances: Hindrances,
): Turns<Attempt | null> {
  const ids = someIds(length, smallestTable(graph));
  const run = yield* runText(program, use, ids, new Tape(maxTape));
  const failure = run.calls[0].failures.at(0);
  if (failure) hindrances.failures.push(failure);
  else hindrances.isComputed = true;
  const { found } = scoreCandidates(graph, run, null, use.ids);
  for (const candidate of found) {
    if (candidate.timeAxis === null) continue;
    const attempt = yield* verified(program, use, candidate, null, length, { ids, run });
    if (attempt) return attempt;
  }
  // One that answers after its last step alone has nothing to say of the others.
  const [last] = found;
  if (
    (last as Candidate | undefined) &&
    (yield* verified(program, { ...use, way: 'prefixes' }, last, null, length, { ids, run }))
  )
    hindrances.lastOnly = new UserError('error.graph.lastOfFixed', last.name, length);
  return null;
}

function* trySingle(
  graph: GraphProto,
  program: GraphProgram,
  free: readonly FreeInput[],
  ids: IdsInput,
  hindrances: Hindrances,
): Turns<Attempt | null> {
  const others = otherInputs(free, ids);
  const first: GraphUse = { ids, others, way: 'single', carried: [], scores: null };
  const run = yield* runText(program, first, someIds(1, 2), new Tape(maxTape));
  const failure = run.calls[0].failures.at(0);
  if (failure) hindrances.failures.push(failure);
  else hindrances.isComputed = true;
  const carried = carriedPairs(
    graph,
    run.calls[0],
    free.filter(({ name }) => name !== ids.name),
  );
  if (carried.length === 0) return null;
  const use = { ...first, carried };
  const { found } = scoreCandidates(graph, run, null, ids, new Set(carried.map(({ output }) => output)));
  for (const candidate of found) {
    const attempt = yield* verified(program, use, { ...candidate, timeAxis: null }, 4, 7);
    if (!attempt) continue;
    const carriesScores = carried.some(({ output }) => operatorsBetween(graph, output).has(candidate.name));
    return { ...attempt, carriesScores };
  }
  return null;
}

/**
 * Runs that differ in some tokens, and what they show; null where the candidate holds no scores after all.
 * @param made a run that there is already, and its ids
 */
function* verified(
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
    run.calls.every((call) => tensorIn(call, place.name) instanceof Variable)
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
function* checkOthers(program: GraphProgram, { use, evidence: { base, ids } }: Attempt): Turns<void> {
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
