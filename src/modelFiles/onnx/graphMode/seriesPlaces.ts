/** Where a graph has what changes step by step: in tensors with all steps, in recurrent operators, in loops, written out one by one, or in one call after the other. */
import type { LoopRecord } from '../../../core/graph/control';
import type { Step } from '../../../core/graph/step';
import { Sequence, Variable, type Value } from '../../../core/graph/variable';
import { originOf, type Evidence } from './evidence';
import { batchOf } from './inputs';
import { readsFromEnd } from './loopOrder';
import type { SeriesPlace } from './series';
import type { GraphUse, TextRun } from './textRun';
import type { TimeAxis } from './timeAxes';
import { stepTensors } from './unrolled';

export interface Found {
  readonly name: string;
  readonly place: SeriesPlace;
  /** All tensors that the series is in. */
  readonly variables: readonly Variable[];
  readonly width: number;
  readonly isReversed: boolean;
  readonly isState: boolean;
}

/** What is known of the run that the series are found in. */
export interface Known {
  readonly use: GraphUse;
  readonly evidence: Evidence;
  readonly makers: ReadonlyMap<Variable, Step>;
  /** What changes with the text. */
  readonly depending: ReadonlySet<Variable>;
  /** Of tensors of the graph itself that have all steps. */
  readonly times: ReadonlyMap<Variable, TimeAxis>;
  /** What the loss changes with, in a way that has a derivative; null where there is no loss. */
  readonly connected: ReadonlySet<Variable> | null;
}

/**
 * In no order; a name may come twice.
 * @param numbered the base run again, with the ids 0, 1, 2 …; null where no ids of single steps are cut out
 */
export function foundIn(known: Known, numbered: TextRun | null): Found[] {
  return known.use.way === 'single'
    ? ofCalls(known)
    : [...ofTensors(known), ...ofOperators(known), ...ofLoops(known), ...ofUnrolled(known, numbered)];
}

/** Tensors of the graph itself that have all steps along one axis. */
function ofTensors({ evidence: { base }, use, depending, times }: Known): Found[] {
  const batch = batchOf(use.ids);
  return Array.from(base.calls[0].values).flatMap(([name, value]): Found[] => {
    if (!(value instanceof Variable) || value.tensor.kind !== 'float' || !depending.has(value)) return [];
    // Ids that are floats are no tensor with a derivative.
    if (name === use.ids.name && use.ids.oneHot === null) return [];
    const found = times.get(value);
    if (!found) return [];
    const { axis, isFlipped } = found;
    const width = value.tensor.data.length / value.tensor.shape[axis] / batch;
    if (!Number.isInteger(width)) return [];
    return [
      {
        name,
        place: { kind: 'tensor', name, axis, isFlipped },
        variables: [value],
        width,
        isReversed: false,
        isState: false,
      },
    ];
  });
}

function asVariable(value: Value | undefined): Variable | undefined {
  return value instanceof Variable ? value : undefined;
}

/** What recurrent operators carry. */
function ofOperators({ evidence, use }: Known): Found[] {
  const { base, shorter } = evidence;
  const batch = batchOf(use.ids);
  const inLoops = new Map<string, number>();
  for (const { node, states } of base.tape.steps)
    if (states.length > 0) inLoops.set(node, (inLoops.get(node) ?? 0) + 1);
  return base.tape.steps.flatMap(({ node, states }) =>
    states.length === 0 || inLoops.get(node) !== 1
      ? []
      : states.flatMap((variable, state) => {
          const { shape } = variable.tensor;
          const short = shorter?.tape.steps.find((step) => step.node === node && step.states.length > 0)?.states[state];
          // [T, D, B, H] or [B, T, D, H].
          const axes = [0, 1].filter(
            (axis) => shape[axis] === base.steps && (!shorter || short?.tensor.shape[axis] === shorter.steps),
          );
          const axis = axes.length === 2 ? (shape[2] === batch ? 0 : 1) : axes.at(0);
          if (axis === undefined) return [];
          return directionsOf(variable.name, shape[axis + 1]).map(({ name, isReversed }, direction) => ({
            name,
            place: { kind: 'operator' as const, node, state, axis, direction },
            variables: [variable],
            width: shape[3],
            isReversed,
            isState: true,
          }));
        }),
  );
}

function directionsOf(name: string, count: number): { name: string; isReversed: boolean }[] {
  return count === 1
    ? [{ name, isReversed: false }]
    : [
        { name, isReversed: false },
        { name: `${name}:reverse`, isReversed: true },
      ];
}

/** What a Loop or Scan computes and carries in as many iterations as there are steps. */
function ofLoops({ evidence, depending, use, makers }: Known): Found[] {
  const { base, shorter } = evidence;
  const batch = batchOf(use.ids);
  // Loops within a loop are as many as it has iterations.
  const ofShorter = new Map(shorter?.calls[0].loops.map((loop) => [loop.node, loop]));
  return base.calls[0].loops.flatMap((loop) => {
    const { node, iterations, states } = loop;
    if (iterations.length !== base.steps || base.steps === 0) return [];
    const inShorter = ofShorter.get(node);
    if (shorter && inShorter?.iterations.length !== shorter.steps) return [];
    const isReversed = readsFromEnd(loop, base.steps, depending, makers);
    const carried = new Map<Variable, number>();
    const before = new Set(states.map((state) => state.before));
    const ofStates = states.flatMap(({ after, values }, state): Found[] => {
      const variables = values.slice(1).filter((value) => value instanceof Variable);
      const size = sizeOfEach(variables, depending);
      // A state before the first iteration that is of another size grows.
      const [first] = values;
      if (variables.length !== base.steps || size === null) return [];
      if (!(first instanceof Variable) || first.tensor.data.length !== size) return [];
      // A list that is filled step by step holds all steps.
      if (variables[0].tensor.shape.includes(base.steps) && size > batch * base.steps && shorter) {
        const short = inShorter?.states[state].values.at(1);
        if (short instanceof Variable && short.tensor.data.length !== size) return [];
      }
      const own = nameOfState(iterations, values, before, makers);
      const name = own ?? after;
      const place: SeriesPlace =
        own === undefined ? { kind: 'carried', loop: node, state } : { kind: 'iterations', loop: node, name: own };
      const placed = own === undefined ? variables : iterations.flatMap((each) => asVariable(each.get(own)) ?? []);
      placed.forEach((variable) => carried.set(variable, state));
      return [{ name: `${node}/${name}`, place, variables: placed, width: size / batch, isReversed, isState: true }];
    });
    const byList = states.some(({ values: [first] }) => first instanceof Sequence) ? handedOnInLists(iterations) : null;
    const inside = Array.from(iterations[0].keys()).flatMap((name): Found[] => {
      // What an iteration is given, the one before has made.
      if (before.has(name) || byList?.given.has(name)) return [];
      const variables = iterations.flatMap((each) => asVariable(each.get(name)) ?? []);
      const size = sizeOfEach(variables, depending);
      if (variables.length !== base.steps || size === null || carried.has(variables[0])) return [];
      const place = { kind: 'iterations' as const, loop: node, name };
      const isState = byList?.made.has(name) ?? false;
      return [{ name: `${node}/${name}`, place, variables, width: size / batch, isReversed, isState }];
    });
    return [...ofStates, ...inside];
  });
}

/** Of a body that carries a list: names of what each iteration takes from it that the one before has put in, and of what that was called there. */
function handedOnInLists(iterations: LoopRecord['iterations']): { given: Set<string>; made: Set<string> } {
  const [given, made] = [new Set<string>(), new Set<string>()];
  for (const [name, value] of iterations.at(1) ?? []) {
    const own = value instanceof Variable ? nameIn(iterations[0], value) : undefined;
    if (own === undefined || own === name) continue;
    if (!iterations.every((values, i) => i === 0 || values.get(name) === iterations[i - 1].get(own))) continue;
    given.add(name);
    made.add(own);
  }
  return { given, made };
}

/** Elements of each of these, where all have as many, are floats and change with the text; else null. */
function sizeOfEach(variables: readonly Variable[], depending: ReadonlySet<Variable>): number | null {
  const [first] = variables;
  if (variables.length === 0 || first.tensor.kind !== 'float') return null;
  const size = first.tensor.data.length;
  const isOne = variables.every(({ tensor }) => tensor.data.length === size && tensor.kind === 'float');
  return isOne && variables.some((variable) => depending.has(variable)) ? size : null;
}

/** The tensor of the body that becomes the state: of a state that stays where a mask says so, what it becomes where none does. */
function nameOfState(
  iterations: LoopRecord['iterations'],
  values: readonly Value[],
  before: ReadonlySet<string>,
  makers: ReadonlyMap<Variable, Step>,
): string | undefined {
  for (let i = iterations.length - 1; i >= 0; i--) {
    const value = values[i + 1];
    const name = value instanceof Variable ? nameIn(iterations[i], originOf(value, makers)) : undefined;
    if (name !== undefined && !before.has(name)) return name;
  }
  return undefined;
}

function nameIn(values: ReadonlyMap<string, Value>, variable: Variable): string | undefined {
  // The name that it was made by, where it is one of the body.
  if (values.get(variable.name) === variable) return variable.name;
  for (const [name, value] of values) if (value === variable) return name;
  return undefined;
}

/** The steps of a loop that was written out. */
function ofUnrolled({ evidence, use, depending, makers, times }: Known, numbered: TextRun | null): Found[] {
  const { base } = evidence;
  if (use.ids.length === null) return [];
  const byNumber = new Map<Variable, Variable>();
  for (const [name, value] of base.calls[0].values) {
    const number = numbered?.calls[0].values.get(name);
    if (value instanceof Variable && number instanceof Variable) byNumber.set(value, number);
  }
  const batch = batchOf(use.ids);
  return stepTensors(base, { depending, times, numbered: byNumber, makers }).map(
    ({ variables, isState, isReversed }) => {
      const names = variables.map(({ name }) => name);
      return {
        name: names[isReversed ? names.length - 1 : 0],
        place: { kind: 'tensors', names },
        variables,
        width: variables[0].tensor.data.length / batch,
        isReversed,
        isState,
      };
    },
  );
}

/** Of a graph that takes one token a call: every name, since each call gives it anew. */
function ofCalls({ evidence, use, depending, makers }: Known): Found[] {
  const { base } = evidence;
  const batch = batchOf(use.ids);
  const states = new Set(
    use.carried.flatMap(({ output }) => {
      const value = base.calls[base.calls.length - 1].values.get(output);
      return value instanceof Variable ? [originOf(value, makers).name] : [];
    }),
  );
  const tensors = Array.from(base.calls[0].values.keys()).flatMap((name): Found[] => {
    const variables = base.calls.flatMap(({ values }) => asVariable(values.get(name)) ?? []);
    const size = sizeOfEach(variables, depending);
    if (variables.length !== base.steps || size === null || (name === use.ids.name && use.ids.oneHot === null))
      return [];
    // What a call is given, another has made.
    if (use.carried.some(({ input }) => input === name)) return [];
    return [
      {
        name,
        place: { kind: 'calls', name },
        variables,
        width: size / batch,
        isReversed: false,
        isState: states.has(name),
      },
    ];
  });
  const [first] = base.calls;
  const ofFirst = new Set(Array.from(first.values.values()).filter((value) => value instanceof Variable));
  const operators = base.tape.steps.flatMap(({ node, states: inside, outputs }): Found[] => {
    if (inside.length === 0 || !outputs.some((output) => ofFirst.has(output))) return [];
    return inside.flatMap((variable, state): Found[] => {
      const { shape } = variable.tensor;
      const axis = shape[1] === 1 && shape[0] !== 1 ? 1 : 0;
      if (shape[axis] !== 1) return [];
      return directionsOf(variable.name, shape[axis + 1]).map(({ name, isReversed }, direction) => ({
        name,
        place: { kind: 'callStates', node, state, axis, direction },
        variables: base.tape.steps.filter((step) => step.node === node).map((step) => step.states[state]),
        width: shape[3],
        isReversed,
        isState: true,
      }));
    });
  });
  return [...tensors, ...operators];
}
