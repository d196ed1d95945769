/** How much of a text a graph reads: found by running it, since a file does not say it. */
import { OperatorError } from '../../../core/graph/operatorError';
import { Variable } from '../../../core/graph/variable';
import type { Turns } from '../../../core/graph/turns';
import { runText, scoreRows, tensorIn, valuesOf, type TextRun } from '../../../modelFiles/onnx/graphMode/textRun';
import { tapeWithin, type ReadingSource } from './segments';

export interface Readable {
  /** Of a text with T inputs the number of those that count; later ones change nothing, or cannot be read at all. */
  readonly steps: number;
  /** Of these steps, where one was made. */
  readonly run: TextRun | null;
}

/** @param ids of the inputs  Throws TapeFull, and an OperatorError where not even one can be read. */
export function* readableSteps(source: ReadingSource, ids: Int32Array): Turns<Readable> {
  const { use } = source;
  // A call for each token, or a run for each prefix, has been seen to answer for its last token.
  if (use.way !== 'whole') return { steps: ids.length, run: null };
  if (use.ids.length !== null) return { steps: Math.min(ids.length, use.ids.length), run: null };
  const taken = yield* longestTaken(source, ids);
  const read = ids.subarray(0, taken.steps);
  const steps = yield* longestRead(source, taken, read);
  return { steps, run: steps === taken.steps ? taken : null };
}

/** The longest beginning that the graph takes: a table of positions, say, has an end. */
function* longestTaken(source: ReadingSource, ids: Int32Array): Turns<TextRun> {
  const whole = yield* attempt(source, ids);
  if (!(whole instanceof OperatorError)) return whole;
  let best: TextRun | null = null;
  let [taken, refused] = [0, ids.length];
  while (refused - taken > 1) {
    const steps = Math.floor((taken + refused) / 2);
    const run = yield* attempt(source, ids.subarray(0, steps));
    if (run instanceof OperatorError) refused = steps;
    else [best, taken] = [run, steps];
  }
  if (!best) throw whole;
  return best;
}

function* attempt({ program, use, maxTape }: ReadingSource, ids: Int32Array): Turns<TextRun | OperatorError> {
  const run = yield* runText(program, use, ids, tapeWithin(maxTape));
  const [call] = run.calls;
  const scores = tensorIn(call, use.scores.name);
  if (scores instanceof OperatorError) return scores;
  const { timeAxis, name } = use.scores;
  if (!(scores instanceof Variable)) return new OperatorError('', '', name, 'is missing');
  if (timeAxis !== null && scores.tensor.shape[timeAxis] !== ids.length)
    return new OperatorError('', '', name, `answers for ${scores.tensor.shape[timeAxis]} of ${ids.length} tokens`);
  return run;
}

/** The shortest beginning behind which no token changes any answer. */
function* longestRead(source: ReadingSource, run: TextRun, ids: Int32Array): Turns<number> {
  const { program, use, maxTape } = source;
  const { scores } = use;
  const rows = (each: TextRun) => scoreRows(each, use, scores).map((row) => valuesOf(row, scores.size));
  const before = rows(run);
  function* changesFrom(place: number): Turns<boolean> {
    const changed = ids.map((id, t) => (t < place ? id : (id + 1) % scores.size));
    const other = yield* runText(program, use, changed, tapeWithin(maxTape));
    if (!(tensorIn(other.calls[0], scores.name) instanceof Variable)) return true;
    return rows(other).some((row, t) => row.some((value, v) => value !== before[t][v]));
  }
  if (ids.length < 2 || (yield* changesFrom(ids.length - 1))) return ids.length;
  let [read, ignored] = [0, ids.length - 1];
  while (ignored - read > 1) {
    const place = Math.floor((read + ignored) / 2);
    if (yield* changesFrom(place)) read = place;
    else ignored = place;
  }
  return ignored;
}
