/**
 * Finds how a graph is to be run over a text, by trying: a way is taken when the values show that it is one, never because of a name alone. The runs are
 * of few tokens.
 */
import type { OperatorError } from '../../../core/graph/operatorError';
import type { GraphModel } from '../../../core/graph/model';
import type { GraphProgram } from '../../../core/graph/run';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import { Unsupported } from '../../../core/graph/tensor';
import type { Turns } from '../../../core/graph/turns';
import { dataType, type GraphProto } from '../../../formats/onnx/messages';
import { UserError } from '../../../userError';
import { better, tryWhole, trySingle, type Hindrances } from './attempts';
import { differs, type Evidence } from './evidence';
import { findSeries } from './findSeries';
import { fillings, freeInputs, idsInputs, otherInputs, type FreeInput, type IdsInput } from './inputs';
import { noticesOf } from './notices';
import { changedFrom, lengths, maxTape, someIds } from './probes';
import { tableSizes } from './scoreCandidates';
import type { Series } from './series';
import { runText, scoreRows, type GraphUse, type ScoreRow, type TextRun } from './textRun';
import { checkOthers, type Attempt } from './verified';

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

/** Throws a UserError that says what stands in the way. */
export function* recognizeGraph(model: GraphModel, program: GraphProgram): Turns<GraphLanguageModel> {
  const { graph } = model;
  const free = freeInputsOf(graph);
  const hindrances: Hindrances = { failures: [], isComputed: false, answersOnce: null };
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

function refusal({ node }: GraphProto, { failures, isComputed, answersOnce }: Hindrances): UserError {
  const [first] = failures;
  if (answersOnce) return answersOnce;
  if (failures.length > 0 && !isComputed)
    return new UserError('error.graph.node', first.node, operatorOf(first), first.reason);
  return node.length === 0 ? new UserError('error.graph.empty') : new UserError('error.graph.noScores');
}

export function operatorOf({ operator, domain }: OperatorError): string {
  return domain === '' ? operator : `${domain}.${operator}`;
}
