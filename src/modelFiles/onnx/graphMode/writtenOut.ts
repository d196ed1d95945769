/**
 * Loops over the text that an exporter has written out for the steps of its example, in a file that takes any number: step after step is cut out of a
 * tensor at a place of its own, and what comes behind the last of these takes no part in the loop. The file does not say so.
 */
import type { GraphProgram } from '../../../core/graph/run';
import { Tape } from '../../../core/graph/tape';
import type { Turns } from '../../../core/graph/turns';
import { Variable } from '../../../core/graph/variable';
import type { GraphProto, NodeProto } from '../../../formats/onnx/messages';
import { constantLists } from './constantLists';
import { changedFrom, maxTape, someIds } from './probes';
import { runText, scoreRows, tensorIn, valuesOf, type TextRun } from './textRun';
import type { Attempt } from './verified';

/** A tensor that is read at the places 0 … steps − 1 of an axis, one by one. */
interface PlaceByPlace {
  readonly name: string;
  readonly axis: number;
  readonly steps: number;
}

/** Steps behind the last one of a loop after which a token that reaches no answer is taken for one that is not read by it. */
const farBehind = 64;

/** How many steps of written-out loops there may be, the most first. */
export function writtenOutSteps(graph: GraphProto): number[] {
  return Array.from(new Set(readPlaceByPlace(graph).map(({ steps }) => steps))).toSorted((a, b) => b - a);
}

/**
 * The steps of a written-out loop behind which a graph that takes longer texts hands nothing on; null where there is none. That a tensor is read
 * place by place along the time is seen in runs of two lengths, and that the loop has an end by a token behind it, which no far answer depends on.
 */
export function* stepsHandedOn(
  graph: GraphProto,
  program: GraphProgram,
  { use, evidence: { base, shorter, ids: tried } }: Attempt,
): Turns<number | null> {
  if (!shorter) return null;
  const hasTime = (run: TextRun, { name, axis }: PlaceByPlace) => {
    const value = run.calls[0].values.get(name);
    return value instanceof Variable && value.shape.at(axis) === run.steps;
  };
  const loops = readPlaceByPlace(graph).filter((each) => hasTime(base, each) && hasTime(shorter, each));
  const steps = loops.reduce((most, each) => Math.max(most, each.steps), 0);
  if (steps < 2 || steps >= base.steps) return null;
  // An embedding can have fewer rows than there are scores.
  const size = Math.max(2, 1 + Math.max(...tried));
  // A table of positions can be shorter than the first of these.
  for (const length of [2 * steps + farBehind, base.steps]) {
    const ids = someIds(length, size);
    const answer = function* (each: Int32Array) {
      return lastAnswer(yield* runText(program, use, each, new Tape(maxTape)), use);
    };
    const own = yield* answer(ids);
    const changed = yield* answer(changedFrom(ids, size, steps, steps + 1));
    if (own && changed) return own.every((value, v) => value === changed[v]) ? steps : null;
  }
  return null;
}

function lastAnswer(run: TextRun, use: Attempt['use']): Float64Array | null {
  if (!(tensorIn(run.calls[0], use.scores.name) instanceof Variable)) return null;
  const row = scoreRows(run, use, use.scores).at(-1);
  return row ? valuesOf(row, use.scores.size) : null;
}

function readPlaceByPlace(graph: GraphProto): PlaceByPlace[] {
  const constants = constantLists(graph);
  const read = new Map<string, { readonly name: string; readonly axis: number; readonly places: Set<number> }>();
  for (const node of graph.node) {
    const place = placeOf(node, constants);
    if (!place) continue;
    const [name] = node.input;
    const key = JSON.stringify([name, place.axis]);
    const known = read.get(key) ?? { name, axis: place.axis, places: new Set() };
    known.places.add(place.at);
    read.set(key, known);
  }
  return Array.from(read.values()).flatMap(({ name, axis, places }) => {
    const steps = places.size;
    return steps > 1 && Math.min(...places) === 0 && Math.max(...places) === steps - 1 ? [{ name, axis, steps }] : [];
  });
}

/** Which single place of which axis a node reads; undefined of one that reads others, or that the text may choose. */
function placeOf(
  { opType, input, attribute = [] }: NodeProto,
  constants: ReadonlyMap<string, readonly number[]>,
): { axis: number; at: number } | undefined {
  const attributeOf = (name: string) => attribute.find((each) => each.name === name);
  const list = (index: number, name: string) => (input[index] ? constants.get(input[index]) : attributeOf(name)?.ints);
  if (opType === 'Gather') {
    const at = constants.get(input[1]);
    return at?.length === 1 ? { axis: attributeOf('axis')?.i ?? 0, at: at[0] } : undefined;
  }
  if (opType !== 'Slice') return undefined;
  const [starts, ends, axes, steps] = [list(1, 'starts'), list(2, 'ends'), list(3, 'axes'), list(4, 'steps')];
  if (starts?.length !== 1 || ends?.length !== 1 || ends[0] !== starts[0] + 1 || (steps && steps[0] !== 1))
    return undefined;
  return { axis: axes?.[0] ?? 0, at: starts[0] };
}
