/** The ways in which a graph may read a text, each tried with runs of few tokens. */
import type { OperatorError } from '../../../core/graph/operatorError';
import type { GraphProgram } from '../../../core/graph/run';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { Turns } from '../../../core/graph/turns';
import type { GraphProto } from '../../../formats/onnx/messages';
import { UserError } from '../../../userError';
import { carriedPairs } from './carriedPairs';
import { differs } from './evidence';
import { otherInputs, type FreeInput, type IdsInput } from './inputs';
import { keptSizes } from './keptSizes';
import { operatorsBetween } from './operatorsBetween';
import { changedFrom, lengths, maxTape, someIds } from './probes';
import { scoreCandidates, smallestTable, type Candidate } from './scoreCandidates';
import { runText, type GraphUse, type TextRun } from './textRun';
import { verified, type Attempt } from './verified';
import { stepsHandedOn, writtenOutSteps } from './writtenOut';

/** Why ways to run the graph do not work. */
export interface Hindrances {
  readonly failures: OperatorError[];
  /** Some run had none. */
  isComputed: boolean;
  /** It answers, but only once. */
  answersOnce: UserError | null;
}

/** What answers for a token by others too is preferred, then what does not know its future, then what keeps scores and state apart. */
export function better(a: Attempt | null, b: Attempt | null): Attempt | null {
  if (!a || !b) return a ?? b;
  const rank = ({ hasMemory, readsLater, carriesScores }: Attempt) =>
    (hasMemory ? 4 : 0) + (readsLater ? 0 : 2) + (carriesScores ? 0 : 1);
  return rank(b) > rank(a) ? b : a;
}

export function* tryWhole(
  graph: GraphProto,
  program: GraphProgram,
  { ids, others }: Pick<GraphUse, 'ids' | 'others'>,
  hindrances: Hindrances,
): Turns<Attempt | null> {
  const use: GraphUse = { ids, others, way: 'whole', carried: [], scores: null };
  if (ids.length !== null) return yield* tryFixed(graph, program, use, ids.length, hindrances);
  const fixed = new Set<number>();
  const alone = new Set<number>();
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
      if (!attempt) {
        hindrances.answersOnce ??= yield* answerOfOneStep(program, use, candidate, longer);
        continue;
      }
      const most = yield* stepsHandedOn(graph, program, attempt);
      if (most === null) return attempt;
      return yield* tryFixed(graph, program, { ...use, ids: { ...ids, length: most } }, most, hindrances);
    }
    for (const size of traced) fixed.add(size);
    const failure = longer.calls[0].failures.at(0);
    // A graph that computes one length and not the other may compute that alone.
    const isShortComputed = shorter.calls[0].failures.length === 0;
    if (isShortComputed !== (failure === undefined)) alone.add(failure ? short : long);
    if (failure) hindrances.failures.push(failure);
    else hindrances.isComputed = true;
    if (!failure && found.length === 0 && fixed.size > 0) break;
  }
  for (const size of new Set([...writtenOutSteps(graph), ...fixed, ...alone, ...keptSizes(graph)])) {
    const attempt = yield* tryFixed(graph, program, { ...use, ids: { ...ids, length: size } }, size, {
      failures: [],
      isComputed: false,
      answersOnce: null,
    });
    if (attempt) return attempt;
  }
  return null;
}

/** Scores that there are only once, and that do not depend on the last token: of a graph that goes through one step of a text of any length. */
function* answerOfOneStep(
  program: GraphProgram,
  use: GraphUse,
  { name, timeAxis }: Candidate,
  longer: TextRun,
): Turns<UserError | null> {
  if (timeAxis !== null) return null;
  const other = yield* runText(program, use, changedFrom(someIds(longer.steps, 2), 2, 0, 1), new Tape(maxTape));
  const [value, changed] = [longer, other].map((run) => run.calls[0].values.get(name));
  const isAnswer = value instanceof Variable && changed instanceof Variable && differs(value, changed);
  return isAnswer ? new UserError('error.graph.oneStep', name) : null;
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
    hindrances.answersOnce = new UserError('error.graph.lastOfFixed', last.name, length);
  return null;
}

export function* trySingle(
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
