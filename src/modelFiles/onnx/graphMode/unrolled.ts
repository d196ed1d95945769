/** Loops that an exporter wrote out step by step: which tensors of the steps are one series. */
import type { Step } from '../../../core/graph/step';
import type { Variable } from '../../../core/graph/variable';
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
  const groups = alike(run, latest, makers);
  const isOrdered = (group: readonly Variable[]) => group.every((variable, t) => latest.get(variable) === t);
  const complete = groups.filter((group) => group.length === run.steps && isOrdered(group));
  // What the last step computes for the next alone, exporters leave out.
  const open = groups.filter((group) => group.length === run.steps - 1 && group.length > 0 && isOrdered(group));
  const inComplete = new Set(complete.flat());
  const readers = new Map<Variable, Step[]>();
  for (const step of run.tape.steps)
    for (const input of step.inputs) if (input) readers.set(input, [...(readers.get(input) ?? []), step]);
  /** Whether the next step reads it, over what stands in between only; and what that is. @param without what is not gone through */
  const towardsNext = (
    variable: Variable,
    t: number,
    without?: Variable,
  ): { reaches: boolean; passed: Set<Variable> } => {
    const passed = new Set<Variable>();
    const waiting = [variable];
    let reaches = false;
    for (let each = waiting.pop(); each; each = waiting.pop())
      for (const { outputs } of readers.get(each) ?? [])
        for (const output of outputs) {
          if (output === without) continue;
          const at = latest.get(output);
          reaches ||= at === t + 1;
          if (at !== t || inComplete.has(output) || passed.has(output)) continue;
          passed.add(output);
          waiting.push(output);
        }
    return { reaches, passed };
  };
  const isHandedOn = (group: readonly Variable[]) =>
    run.steps > 1 && group.slice(0, run.steps - 1).every((variable, t) => towardsNext(variable, t).reaches);
  const past = readingEarlier(run, latest);
  const hasPast = (group: readonly Variable[]) => group.slice(1).every((variable) => past.has(variable));
  const found = complete.map((variables: readonly Variable[]) => ({ variables, isState: isHandedOn(variables) }));
  const further = new Set<readonly Variable[]>();
  const widthOf = ([{ tensor }]: readonly Variable[]) => tensor.data.length;
  for (const each of found) {
    const { variables, isState } = each;
    if (!isState) continue;
    const { passed } = towardsNext(variables[0], 0);
    const behind = open.filter((group) => passed.has(group[0]) && isHandedOn(group));
    if (hasPast(variables)) {
      // Where the next step reads nothing but something narrower than a tensor of which a part is new, that is what is handed on.
      const narrower = behind.findLast(
        (group) => widthOf(group) < widthOf(variables) && !towardsNext(variables[0], 0, group[0]).reaches,
      );
      if (narrower) further.add(narrower);
      continue;
    }
    // What is made of one token alone goes into a state, which is not needed behind the last step; the first tensor of it has all of it.
    const states = behind.filter((group) => group.length > 1 && hasPast(group));
    const isMadeOfOther = (group: readonly Variable[]) =>
      states.some((other) => other !== group && towardsNext(other[1], 1).passed.has(group[1]));
    for (const group of states) if (!isMadeOfOther(group)) further.add(group);
    each.isState = states.length === 0;
  }
  for (const variables of further) found.push({ variables, isState: true });
  // Of a state that is only reshaped on its way, the tensor that it comes from has all of the gradient.
  const origins = new Set(found.filter((each) => each.isState).map(({ variables }) => originOf(variables[0], makers)));
  return found.map(({ variables, isState }) => {
    const isOrigin = origins.has(variables[0]);
    const isCopy = isState && originOf(variables[0], makers) !== variables[0];
    const isReversed = variables.some((variable) => turned.has(variable));
    return {
      variables: isReversed ? variables.toReversed() : variables,
      isState: isOrigin || (isState && !isCopy),
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

/** Of variables that belong to a step, those that are made of one of an earlier step. */
function readingEarlier({ tape }: TextRun, latest: ReadonlyMap<Variable, number>): Set<Variable> {
  const found = new Set<Variable>();
  for (const { inputs, outputs } of tape.steps)
    for (const output of outputs) {
      const t = latest.get(output);
      if (t === undefined) continue;
      const isEarlier = (input: Variable) => found.has(input) || (latest.get(input) ?? t) < t;
      if (inputs.some((input) => input && isEarlier(input))) found.add(output);
    }
  return found;
}

/** One output of a step of the tape, as it can be told from others of the same text step. */
interface Place {
  readonly output: Variable;
  /** Operator, shape, and the weights that it reads at every step. */
  readonly key: string;
  /** What makes each input; '*' for what does not depend on the text, such as a first state. */
  readonly inputs: readonly string[];
}

/** Lists of variables that stand in the same place of the loop's body, one of each step, in order. A step in which there is none is left out. */
function alike(
  { tape, steps }: TextRun,
  latest: ReadonlyMap<Variable, number>,
  makers: ReadonlyMap<Variable, Step>,
): Variable[][] {
  const nameOf = describer(tape, latest, makers);
  const bySteps = Array.from({ length: steps }, () => new Map<string, Place[]>());
  for (const step of tape.steps)
    step.outputs.forEach((output, k) => {
      const t = latest.get(output);
      if (t === undefined || output.tensor.kind !== 'float') return;
      const key = JSON.stringify([nameOf(step), k, output.tensor.shape]);
      const inputs = step.inputs.map((input) => {
        const maker = input && makers.get(input);
        return maker && latest.has(input) ? nameOf(maker) : '*';
      });
      const places = bySteps[t];
      places.set(key, [...(places.get(key) ?? []), { output, key, inputs }]);
    });
  // In the middle nothing is missing that a first or last step may lack.
  const middle = bySteps[Math.floor(steps / 2)];
  return Array.from(middle).flatMap(([key, body]) => {
    const aligned = bySteps.map((places) => alignment(body, places.get(key) ?? []));
    return body.map((_, slot) => aligned.flatMap((chosen) => chosen[slot]?.output ?? []));
  });
}

/** What a step of the tape is called: its operator and the weights that it reads in several steps of the text. */
function describer(
  tape: TextRun['tape'],
  latest: ReadonlyMap<Variable, number>,
  makers: ReadonlyMap<Variable, Step>,
): (step: Step) => string {
  const constantsOf = ({ operator, inputs }: Step) =>
    inputs.flatMap((input) =>
      input && !latest.has(input) && !makers.has(input) && input.tensor.kind === 'float'
        ? [`${operator} ${input.name}`]
        : [],
    );
  const readIn = new Map<string, Set<number>>();
  for (const step of tape.steps) {
    const t = step.outputs.map((output) => latest.get(output)).find((each) => each !== undefined);
    if (t === undefined) continue;
    for (const constant of constantsOf(step)) readIn.set(constant, (readIn.get(constant) ?? new Set()).add(t));
  }
  return (step) =>
    JSON.stringify([step.operator, constantsOf(step).filter((constant) => (readIn.get(constant)?.size ?? 0) > 1)]);
}

/** Of each place of the body the one that stands for it: as many as there can be, in the same order. */
function alignment(body: readonly Place[], places: readonly Place[]): (Place | undefined)[] {
  const fits = (a: Place, b: Place) =>
    a.inputs.length === b.inputs.length &&
    a.inputs.every((input, i) => input === b.inputs[i] || input === '*' || b.inputs[i] === '*');
  // most[i][j]: how many of body[i …] can be found in places[j …].
  const most = Array.from({ length: body.length + 1 }, () => new Int32Array(places.length + 1));
  for (let i = body.length - 1; i >= 0; i--)
    for (let j = places.length - 1; j >= 0; j--)
      most[i][j] = Math.max(most[i + 1][j], most[i][j + 1], fits(body[i], places[j]) ? 1 + most[i + 1][j + 1] : 0);
  const chosen: (Place | undefined)[] = body.map(() => undefined);
  for (let i = 0, j = 0; i < body.length && j < places.length;) {
    if (fits(body[i], places[j]) && most[i][j] === 1 + most[i + 1][j + 1]) chosen[i++] = places[j++];
    else if (most[i + 1][j] >= most[i][j + 1]) i++;
    else j++;
  }
  return chosen;
}
