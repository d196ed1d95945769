/** A text that is read in parts, calls of one token each, of which only one part's tape is kept at once. */
import type { GraphProgram } from '../../../core/graph/run';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { Turns } from '../../../core/graph/turns';
import { runText, type Beginning, type GraphUse, type ScoresPlace } from '../../../modelFiles/onnx/graphMode/textRun';

export interface ReadingSource {
  readonly program: GraphProgram;
  readonly use: GraphUse & { readonly scores: ScoresPlace };
  /** Bytes that one tape may have. */
  readonly maxTape: number;
}

/** Of the tape's bytes those that are held without being needed: what is more is computed again on the way back. */
const openShare = 1 / 8;

export function tapeWithin(maxTape: number): Tape {
  return new Tape(maxTape, openShare * maxTape);
}

/** Calls of one token each whose tape is kept at once. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly beginning: Beginning;
}

/** The ids of steps `from` … `to`, those that there are. */
export function part(ids: ArrayLike<number>, from: number, to: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, to - from) }, (_, i) => ids[from + i]);
}

/** Without the tape that they are from. */
export function loose(carried: ReadonlyMap<string, Variable>): Map<string, Variable> {
  return new Map([...carried].map(([name, { tensor }]) => [name, new Variable(tensor, name)]));
}

/** How many calls a tape can hold, as the first one says. */
export function* callsAtOnce(
  { program, use, maxTape }: ReadingSource,
  ids: ArrayLike<number>,
  segments: readonly Segment[],
  T: number,
): Turns<number> {
  const [first] = segments as readonly (Segment | undefined)[];
  if (first) return first.to - first.from;
  const { tape } = yield* runText(program, use, part(ids, 0, 1), new Tape());
  const most = Math.max(1, Math.floor(maxTape / Math.max(1, tape.bytes)));
  // As many segments as calls in each: the memory of both is then the least.
  return T <= most ? T : Math.min(most, Math.max(Math.ceil(Math.sqrt(T)), 16));
}
