/** Which of its answers a graph reads in the next call. */
import type { GraphRun } from '../../../core/graph/run';
import { Variable } from '../../../core/graph/tape';
import { sameShape } from '../../../core/graph/tensor';
import type { GraphProto } from '../../../formats/onnx/messages';
import { isStateInput, type FreeInput } from './inputs';
import type { CarriedPair } from './textRun';

/**
 * Inputs and outputs of the same shape. Where several have one shape, their names pair them if they do so clearly, else their order.
 * @param call of one token, with zeros for the states
 */
export function carriedPairs({ output }: GraphProto, call: GraphRun, free: readonly FreeInput[]): CarriedPair[] {
  const shapeOf = (name: string) => {
    const value = call.values.get(name);
    return value instanceof Variable && value.tensor.kind === 'float' ? value.tensor.shape : undefined;
  };
  const inputs = free.filter((input) => isStateInput(input)).map(({ name }) => name);
  const outputs = output.map(({ name }) => name);
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
    // Scores of the same shape as the states stand before them.
    const own = candidates.slice(-group.length);
    if (own.length < group.length) continue;
    const byName = pairedByName(group, own);
    group.forEach((input, i) => pairs.push({ input, output: byName?.[i] ?? own[i] }));
  }
  return pairs;
}

/** Of each input the output whose name has most of it; null where two have as much. */
function pairedByName(inputs: readonly string[], outputs: readonly string[]): string[] | null {
  const chosen = inputs.map((input) => {
    const scored = outputs
      .map((output) => ({ output, score: likeness(input, output) }))
      .toSorted((a, b) => b.score - a.score);
    return scored.length > 1 && scored[0].score === scored[1].score ? null : scored[0].output;
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
