/** Loops that an exporter wrote out step by step: which tensors of the steps are one series. */
import { Variable, type Step } from '../../../core/graph/tape';
import { originOf, placesRead } from './evidence';
import type { TextRun } from './textRun';
import type { TimeAxis } from './timeAxes';

/** One tensor for each step of the text; that of the last, which the text does not go on from, can be missing. */
export interface StepTensors {
  readonly variables: readonly Variable[];
  /** What one step gives is read by the next. */
  readonly isState: boolean;
  /** The next is the one before in the text. */
  readonly isReversed: boolean;
}

export interface StepsKnown {
  /** Variables that depend on the text. */
  readonly depending: ReadonlySet<Variable>;
  /** Of those that have all steps in them. */
  readonly times: ReadonlyMap<Variable, TimeAxis>;
  /** The same of a run with the ids 0, 1, 2 …: what is cut out of the ids says from which step it is. */
  readonly numbered: ReadonlyMap<Variable, Variable>;
  readonly makers: ReadonlyMap<Variable, Step>;
}

/** @param run of the fixed number of steps */
export function stepTensors(run: TextRun, known: StepsKnown): StepTensors[] {
  const { makers } = known;
  const { latest, turned } = latestSteps(run, known);
  const groups = alike(run, latest);
  const isOrdered = (group: readonly Variable[]) => group.every((variable, t) => latest.get(variable) === t);
  const complete = groups.filter((group) => group.length === run.steps && isOrdered(group));
  // What the last step computes for the next alone, exporters leave out.
  const open = groups.filter((group) => group.length === run.steps - 1 && group.length > 0 && isOrdered(group));
  const inComplete = new Set(complete.flat());
  const readers = new Map<Variable, Step[]>();
  for (const step of run.tape.steps)
    for (const input of step.inputs) if (input) readers.set(input, [...(readers.get(input) ?? []), step]);
  /** Whether the next step reads it, over what stands in between only; and what that is. */
  const towardsNext = (variable: Variable, t: number): { reaches: boolean; passed: Set<Variable> } => {
    const passed = new Set<Variable>();
    const waiting = [variable];
    let reaches = false;
    for (let each = waiting.pop(); each; each = waiting.pop())
      for (const { outputs } of readers.get(each) ?? [])
        for (const output of outputs) {
          const at = latest.get(output);
          reaches ||= at === t + 1;
          if (at !== t || inComplete.has(output) || passed.has(output)) continue;
          passed.add(output);
          waiting.push(output);
        }
    return { reaches, passed };
  };
  const isState = (group: readonly Variable[]) =>
    run.steps > 1 && group.slice(0, run.steps - 1).every((variable, t) => towardsNext(variable, t).reaches);
  const found = complete.map((variables) => ({ variables, isState: isState(variables) }));
  // Where the next step reads something narrower than a tensor of which a part is new, that is what is handed on.
  const widthOf = ([{ tensor }]: readonly Variable[]) => tensor.data.length;
  for (const { variables } of found.filter((each) => each.isState)) {
    const { passed } = towardsNext(variables[0], 0);
    const narrower = open.filter(
      (group) => passed.has(group[0]) && widthOf(group) < widthOf(variables) && isState(group),
    );
    const last = narrower.at(-1);
    if (last) found.push({ variables: last, isState: true });
  }
  // Of a state that is only reshaped on its way, the tensor that it comes from has all of the gradient.
  const origins = new Set(found.filter((each) => each.isState).map(({ variables }) => originOf(variables[0], makers)));
  return found.map(({ variables, isState: isHandedOn }) => {
    const isOrigin = origins.has(variables[0]);
    const isCopy = isHandedOn && originOf(variables[0], makers) !== variables[0];
    const isReversed = variables.some((variable) => turned.has(variable));
    return {
      variables: isReversed ? variables.toReversed() : variables,
      isState: isOrigin || (isHandedOn && !isCopy),
      isReversed,
    };
  });
}

/**
 * Of variables that belong to a step, which that is: the last that is cut out of what has all steps, on the way to it.
 * @returns `turned`: those that were cut out of what has the last step first
 */
function latestSteps(
  { tape, steps }: TextRun,
  { depending, times, numbered }: StepsKnown,
): { latest: Map<Variable, number>; turned: Set<Variable> } {
  const latest = new Map<Variable, number>();
  const turned = new Set<Variable>();
  for (const step of tape.steps) {
    const { inputs, outputs } = step;
    if (outputs.every((output) => !depending.has(output) || times.has(output))) continue;
    const known = inputs.flatMap((input) => (input && latest.has(input) ? [latest.get(input) ?? 0] : []));
    const fromAll = inputs.findIndex((input) => input && times.has(input));
    const from = inputs[fromAll];
    const time = from && times.get(from);
    const isTurned = time?.isFlipped || inputs.some((input) => input && turned.has(input));
    outputs.forEach((output, k) => {
      if (!depending.has(output) || times.has(output)) return;
      const read = time ? [...known, ...placesRead(step, k, fromAll, time.axis, numbered.get(output))] : known;
      if (read.length > 0) latest.set(output, Math.min(steps - 1, Math.max(...read)));
      if (isTurned) turned.add(output);
    });
  }
  return { latest, turned };
}

/** Lists of variables that the same operators give from step to step, one of each step, in order. */
function alike({ tape }: TextRun, latest: ReadonlyMap<Variable, number>): Variable[][] {
  const usesOf = new Map<string, number>();
  const constantsOf = ({ operator, inputs }: Step) =>
    inputs.flatMap((input) =>
      input && !latest.has(input) && input.tensor.kind === 'float' ? [`${operator} ${input.name}`] : [],
    );
  for (const step of tape.steps)
    for (const constant of constantsOf(step)) usesOf.set(constant, (usesOf.get(constant) ?? 0) + 1);
  const byKind = new Map<string, Map<number, Variable[]>>();
  for (const step of tape.steps)
    step.outputs.forEach((output, k) => {
      const t = latest.get(output);
      if (t === undefined || output.tensor.kind !== 'float') return;
      // A constant of one step alone, as the first state, says nothing of what is done with it.
      const weights = constantsOf(step).filter((constant) => (usesOf.get(constant) ?? 0) > 1);
      const key = JSON.stringify([step.operator, k, output.tensor.shape, weights]);
      const bySteps = byKind.get(key) ?? new Map<number, Variable[]>();
      byKind.set(key, bySteps);
      bySteps.set(t, [...(bySteps.get(t) ?? []), output]);
    });
  return Array.from(byKind.values()).flatMap((bySteps) => {
    const ordered = Array.from(bySteps)
      .toSorted(([a], [b]) => a - b)
      .map(([, variables]) => variables);
    const counts = ordered.map(({ length }) => length);
    const several = Math.max(...counts);
    // Counted from the end, since what a first step lacks it lacks at its beginning.
    return Array.from({ length: several }, (_, fromEnd) =>
      ordered.flatMap((variables) => {
        const variable = variables.at(-1 - fromEnd);
        return variable ? [variable] : [];
      }),
    ).toReversed();
  });
}
