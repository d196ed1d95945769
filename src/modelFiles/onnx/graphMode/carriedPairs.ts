/** Which of its answers a graph reads in the next call. */
import type { GraphRun } from '../../../core/graph/run';
import { Variable } from '../../../core/graph/variable';
import { sameShape } from '../../../core/graph/tensor';
import type { GraphProto } from '../../../formats/onnx/messages';
import { isStateInput, type FreeInput } from './inputs';
import { operatorsBetween } from './operatorsBetween';
import type { CarriedPair } from './textRun';

/**
 * Inputs and outputs of the same shape. Where several have one shape, their names pair them if they do so clearly; else what is computed of what: a state
 * is made of its own last value by the fewest operators, so that an LSTM's c is told from its h, and both from scores of the same shape. Last comes
 * their order.
 * @param call of one token, with zeros for the states
 */
export function carriedPairs(graph: GraphProto, call: GraphRun, free: readonly FreeInput[]): CarriedPair[] {
  const shapeOf = (name: string) => {
    const value = call.values.get(name);
    return value instanceof Variable && value.tensor.kind === 'float' ? value.tensor.shape : undefined;
  };
  const inputs = free.filter((input) => isStateInput(input)).map(({ name }) => name);
  const outputs = graph.output.map(({ name }) => name);
  const pairs: CarriedPair[] = [];
  const done = new Set<string>();
  for (const first of inputs) {
    const shape = shapeOf(first);
    if (done.has(first) || !shape) continue;
    const fits = (name: string) => {
      const other = shapeOf(name);
      return other !== undefined && sameShape(other, shape);
    };
    const group = inputs.filter((name) => fits(name));
    for (const name of group) done.add(name);
    const candidates = outputs.filter((name) => fits(name));
    if (candidates.length < group.length) continue;
    const own =
      pairedByName(group, candidates) ?? pairedByNearness(graph, group, candidates) ?? candidates.slice(-group.length);
    group.forEach((input, i) => pairs.push({ input, output: own[i] }));
  }
  return pairs;
}

/** For each input, the output whose name shares the most words with it; null when two outputs tie, or when none of several shares a word. */
function pairedByName(inputs: readonly string[], outputs: readonly string[]): string[] | null {
  return outputs.length === 1
    ? [...outputs]
    : pairedBy(inputs, outputs, (input, output) => likeness(input, output) || null);
}

function pairedByNearness(graph: GraphProto, inputs: readonly string[], outputs: readonly string[]): string[] | null {
  const between = new Map(outputs.map((output) => [output, operatorsBetween(graph, output)]));
  return pairedBy(inputs, outputs, (input, output) => {
    const count = between.get(output)?.get(input);
    // What is only handed on is an older state's place, not the same state.
    return count ? -count : null;
  });
}

/** Of each input the output with the highest score; null where that is not one output for each. @param score null where they do not belong together */
function pairedBy(
  inputs: readonly string[],
  outputs: readonly string[],
  score: (input: string, output: string) => number | null,
): string[] | null {
  const chosen = inputs.map((input) => {
    const scored = outputs
      .map((output) => ({ output, score: score(input, output) ?? -Infinity }))
      .toSorted((a, b) => b.score - a.score);
    const [best] = scored;
    return best.score === -Infinity || best.score === scored.at(1)?.score ? null : best.output;
  });
  const names = chosen.filter((name) => name !== null);
  return names.length === inputs.length && new Set(names).size === names.length ? names : null;
}

/** Words that both have: `h_in` and `h_out` one, `past_key_0` and `present_key_0` two. */
function likeness(a: string, b: string): number {
  const words = (name: string) => new Set(name.toLowerCase().split(/[^a-z0-9]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])/));
  const own = words(a);
  let score = 0;
  for (const word of words(b)) if (word !== '' && own.has(word)) score++;
  return score;
}
