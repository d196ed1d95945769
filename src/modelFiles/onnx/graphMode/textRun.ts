/** Runs a graph over a text, as it is to be run. */
import type { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { OperatorError } from '../../../core/graph/operatorError';
import type { GraphProgram, GraphRun } from '../../../core/graph/run';
import { Missing } from '../../../core/graph/variable';
import { stridesOf, type Tensor } from '../../../core/graph/tensor';
import type { Turns } from '../../../core/graph/turns';
import { idsTensor, otherTensor, type IdsInput, type OtherInput } from './inputs';

/** What the numbers of the scores are, as their values say. */
export type ScoreForm = 'logits' | 'logProbabilities' | 'probabilities';

/** Where the scores of all symbols stand. */
export interface ScoresPlace {
  readonly name: string;
  /** Null where a run gives them of its last step only. */
  readonly timeAxis: number | null;
  readonly symbolAxis: number;
  readonly size: number;
  readonly form: ScoreForm;
  /** They are made of logits by a softmax, which are read instead: no probability is then too small. */
  readonly isBeforeSoftmax: boolean;
}

/**
 * `whole`: all steps in one run. `prefixes`: one run for each beginning of the text, since it answers for its last step only. `single`: one token a run,
 * with the states that each gives in the next.
 */
export type RunningWay = 'whole' | 'prefixes' | 'single';

export interface GraphUse {
  readonly ids: IdsInput;
  readonly others: readonly OtherInput[];
  readonly way: RunningWay;
  /** What a run gives and the next reads, where it takes one token. */
  readonly carried: readonly CarriedPair[];
  readonly scores: ScoresPlace | null;
}

export interface CarriedPair {
  readonly input: string;
  readonly output: string;
}

/** The scores of one step: element v at offset + v · stride. */
export interface ScoreRow {
  readonly step: number;
  readonly variable: Variable;
  readonly offset: number;
  readonly stride: number;
}

/** A text that has been read, all on one tape. */
export interface TextRun {
  readonly tape: Tape;
  /** Steps of the text; a run of a fixed length can have more. */
  readonly steps: number;
  /** One; of a graph that takes one token a run, one for each step. */
  readonly calls: readonly GraphRun[];
}

/** Where a run of single calls begins: steps before it, and what the last of them has carried. */
export interface Beginning {
  readonly position: number;
  readonly carried: ReadonlyMap<string, Variable>;
}

export const beginningOfText: Beginning = { position: 0, carried: new Map() };

/** @param ids of the steps  @param beginning of calls for one token each  Throws TapeFull. */
export function* runText(
  program: GraphProgram,
  use: GraphUse,
  ids: ArrayLike<number>,
  tape: Tape,
  beginning = beginningOfText,
): Turns<TextRun> {
  const steps = ids.length;
  if (use.way !== 'single') {
    const length = use.ids.length ?? steps;
    const padded = length > steps ? Array.from({ length }, (_, i) => (i < steps ? ids[i] : 0)) : ids;
    const inputs = new Map<string, Tensor>([[use.ids.name, idsTensor(use.ids, padded)]]);
    for (const other of use.others) inputs.set(other.name, otherTensor(other, use.ids, length, 0));
    return { tape, steps, calls: [yield* program.running(inputs, tape)] };
  }
  const calls: GraphRun[] = [];
  for (let t = 0; t < steps; t++) {
    const inputs = new Map<string, Tensor | Variable>([[use.ids.name, idsTensor(use.ids, [ids[t]])]]);
    for (const other of use.others) inputs.set(other.name, otherTensor(other, use.ids, 1, beginning.position + t));
    for (const [input, variable] of calls.length > 0 ? carriedBy(calls[calls.length - 1], use) : beginning.carried)
      inputs.set(input, variable);
    const call = yield* program.running(inputs, tape);
    calls.push(call);
    // The states of the next are then missing.
    if (call.failures.length > 0 && use.carried.some(({ output }) => !(call.values.get(output) instanceof Variable)))
      break;
  }
  return { tape, steps, calls };
}

/** What a call gives to the next, by the names of its inputs. */
export function carriedBy({ values }: GraphRun, { carried }: GraphUse): Map<string, Variable> {
  return new Map(
    carried.flatMap(({ input, output }) => {
      const value = values.get(output);
      return value instanceof Variable ? [[input, value] as const] : [];
    }),
  );
}

/** The tensor of that name in one call; where it could not be computed, why. */
export function tensorIn(call: GraphRun, name: string): Variable | OperatorError | undefined {
  const value = call.values.get(name);
  return value instanceof Missing ? value.reason : value instanceof Variable ? value : undefined;
}

/** Of every step that the run answers for, in order. Throws the OperatorError that is in the way. */
export function scoreRows({ tape, steps, calls }: TextRun, { way }: GraphUse, scores: ScoresPlace): ScoreRow[] {
  const found = calls.map((call) => {
    const value = tensorIn(call, scores.name);
    if (value instanceof Error) throw value;
    if (!value) throw call.failures.at(0) ?? new Error(`the graph has no ${scores.name}`);
    return scores.isBeforeSoftmax ? softmaxInput(tape, value) : value;
  });
  const rowOf = (variable: Variable, t: number, step: number): ScoreRow => {
    const strides = stridesOf(variable.shape);
    return {
      step,
      variable,
      offset: scores.timeAxis === null ? 0 : t * strides[scores.timeAxis],
      stride: strides[scores.symbolAxis],
    };
  };
  if (way === 'single') return found.map((variable, step) => rowOf(variable, 0, step));
  const [variable] = found;
  if (way === 'prefixes') return [rowOf(variable, 0, steps - 1)];
  return Array.from({ length: steps }, (_, t) => rowOf(variable, t, t));
}

/** What a softmax read; the variable itself where none made it. */
export function softmaxInput({ steps }: Tape, variable: Variable): Variable {
  const maker = steps.findLast(({ outputs }) => outputs.includes(variable));
  return (maker?.operator === 'Softmax' && maker.inputs[0]) || variable;
}

/** V values. */
export function valuesOf({ variable, offset, stride }: ScoreRow, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, v) => variable.tensor.data[offset + v * stride]);
}
