/** Which series a graph has, and what they are: found by how its tensors change with the text and its length. */
import { differentiableFrom } from '../../../core/graph/backward';
import { Variable, type Value } from '../../../core/graph/variable';
import { convolved } from './convolved';
import { differs, makersOf, type Evidence } from './evidence';
import { batchOf } from './inputs';
import { comesFrom } from './mixing';
import type { Series, SeriesRole } from './series';
import { foundIn, type Found, type Known } from './seriesPlaces';
import { scoreRows, type GraphUse, type TextRun } from './textRun';
import { timeAxes } from './timeAxes';

/**
 * In the order of the graph, each name once.
 * @param numbered the base run again, with the ids 0, 1, 2 …; null where no ids of single steps are cut out
 */
export function findSeries(use: GraphUse, evidence: Evidence, numbered: TextRun | null, readsLater: boolean): Series[] {
  const { base, earlier, last } = evidence;
  const makers = makersOf(base.tape);
  const depending = new Set<Variable>();
  for (const changed of [earlier, last]) noteDepending(base, changed, depending);
  const connected = connectedWithLoss(use, base, depending);
  const times = use.way === 'single' ? new Map() : timeAxes(evidence, depending, makers, readsLater);
  const known: Known = { use, evidence, makers, depending, times, connected };
  const order = new Map<Variable, number>();
  base.tape.steps.forEach((step, i) => {
    for (const variable of [...step.outputs, ...step.states]) order.set(variable, i);
  });
  const usable = foundIn(known, numbered)
    .filter(({ variables }) => !connected || variables.some((variable) => connected.has(variable)))
    .toSorted((a, b) => (order.get(a.variables[0]) ?? -1) - (order.get(b.variables[0]) ?? -1));
  const embedding = embeddingAmong(usable, known);
  const sums = residualSums(usable, known);
  const bySteps = new Map(
    usable.flatMap((each) => (each.place.kind === 'tensor' ? [[each.variables[0], each] as const] : [])),
  );
  const remembered = convolved(base, makers, depending, bySteps);
  const names = new Set<string>();
  return usable.flatMap((each) => {
    const { name, place, width, isReversed, isState } = each;
    if (names.has(name)) return [];
    names.add(name);
    const role: SeriesRole = isState
      ? 'state'
      : each === embedding
        ? 'embedding'
        : sums.has(each)
          ? 'residual'
          : remembered.has(each)
            ? 'state'
            : 'tensor';
    return [{ name, role, width, isReversed, place, batch: batchOf(use.ids) }];
  });
}

/** Adds what is not the same in a run of other tokens. */
function noteDepending(base: TextRun, changed: TextRun, depending: Set<Variable>): void {
  const byNode = new Map(changed.tape.steps.map((step) => [step.node, step]));
  base.calls.forEach((call, c) => {
    const other = changed.calls.at(c);
    const loops = new Map(other?.loops.map((loop) => [loop.node, loop]));
    for (const [name, value] of call.values) note(value, other?.values.get(name));
    call.loops.forEach((loop) => {
      const otherLoop = loops.get(loop.node);
      loop.iterations.forEach((values, i) => {
        for (const [name, value] of values) note(value, otherLoop?.iterations.at(i)?.get(name));
      });
      loop.states.forEach(({ values }, k) => {
        values.forEach((value, i) => {
          note(value, otherLoop?.states[k].values.at(i));
        });
      });
    });
  });
  base.tape.steps.forEach((step, i) => {
    // Other tokens can lead another way.
    const beside = changed.tape.steps.at(i);
    const other = beside?.node === step.node ? beside : byNode.get(step.node);
    if (!other) return;
    step.states.forEach((state, k) => {
      note(state, other.states.at(k));
    });
    step.outputs.forEach((output, k) => {
      note(output, other.outputs.at(k));
    });
  });

  function note(value: Value | undefined, other: Value | undefined): void {
    if (!(value instanceof Variable) || depending.has(value)) return;
    if (other instanceof Variable && differs(value, other)) depending.add(value);
  }
}

function connectedWithLoss(
  use: GraphUse,
  base: TextRun,
  depending: ReadonlySet<Variable>,
): ReadonlySet<Variable> | null {
  const { scores } = use;
  if (!scores) return null;
  const states = new Set(base.tape.steps.flatMap((step) => step.states));
  const reached = differentiableFrom(base.tape, new Set(scoreRows(base, use, scores).map(({ variable }) => variable)));
  return new Set(Array.from(reached).filter((variable) => depending.has(variable) || states.has(variable)));
}

/**
 * The first series whose step of the graph reads no other: the tokens become numbers there. Where those numbers are no series, as rows of a table of which
 * several are summed at each step, the first that is made of them.
 */
function embeddingAmong(series: readonly Found[], { makers, depending, connected }: Known): Found | undefined {
  const candidates = series.filter(({ variables: [variable], isState }) => !isState && depending.has(variable));
  const reached = connected ?? depending;
  const readsOther = ({ variables: [variable] }: Found) =>
    makers.get(variable)?.inputs.some((input) => input && input.tensor.kind === 'float' && reached.has(input));
  return candidates.find((each) => !readsOther(each)) ?? candidates.find(({ place }) => place.kind === 'tensor');
}

/** Sums of a series and of what is computed from it, and what the first of them start from, such as an embedding with positions added. */
function residualSums(series: readonly Found[], { makers, depending }: Known): Set<Found> {
  const all = new Map(series.flatMap((each) => each.variables.map((variable) => [variable, each] as const)));
  const states = new Set(series.filter(({ isState }) => isState).flatMap(({ variables }) => variables));
  const sums = new Set<Found>();
  for (const each of series) {
    const { variables, place, isState } = each;
    const variable = variables[variables.length - 1];
    const maker = makers.get(variable);
    if (isState || place.kind === 'tensors' || maker?.operator !== 'Add') continue;
    const [a, b] = maker.inputs;
    if (!a || !b || !depending.has(a) || !depending.has(b)) continue;
    const size = variable.tensor.data.length;
    if (a.tensor.data.length !== size || b.tensor.data.length !== size || !all.has(a) || !all.has(b)) continue;
    const stream = comesFrom(b, a, makers) ? a : comesFrom(a, b, makers) ? b : null;
    if (!stream) continue;
    sums.add(each);
    const start = all.get(stream);
    if (start && makers.get(stream)?.operator === 'Add' && !states.has(stream)) sums.add(start);
  }
  return sums;
}
