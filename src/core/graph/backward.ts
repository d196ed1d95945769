/** The way back along a tape: from gradients by some variables to those by any others. */
import { Gradient, GradientSum, type Bands } from './gradient';
import type { Step, Tape, Variable } from './tape';

import { finished, type Turns } from './turns';

export type Gradients = ReadonlyMap<Variable, Gradient>;

/**
 * @param wanted whose gradients are asked for; only what lies between them and the seeds is computed
 * @returns a function from ∂ℓ/∂(some variables) to ∂ℓ/∂(those wanted); one that ℓ does not depend on is left out
 */
export function differentiate(tape: Tape, wanted: Iterable<Variable>): (seeds: Gradients) => Map<Variable, Gradient> {
  const differentiating = differentiatingIn(tape, wanted);
  return (seeds) => finished(differentiating(seeds));
}

/** The same in turns. */
export function differentiatingIn(
  tape: Tape,
  wanted: Iterable<Variable>,
): (seeds: Gradients) => Turns<Map<Variable, Gradient>> {
  const asked = new Set(wanted);
  const onTheWay = dependentsOf(tape, asked);
  return function* (seeds) {
    const sums = new Map([...seeds].map(([variable, gradient]) => [variable, new GradientSum(gradient)]));
    const result = new Map<Variable, Gradient>();
    for (let i = tape.steps.length - 1; i >= 0; i--) {
      const step = tape.steps[i];
      const incoming = step.outputs.map((output) => sums.get(output)?.gradient());
      if (incoming.every((gradient) => gradient === undefined)) continue;
      // Nothing before this step reads its outputs.
      step.outputs.forEach((output, k) => {
        const gradient = incoming[k];
        if (gradient && asked.has(output)) result.set(output, gradient);
        sums.delete(output);
      });
      const needed = step.inputs.map((input) => input !== undefined && onTheWay.has(input));
      if (!needed.includes(true)) continue;
      yield;
      backThrough(step, incoming, needed).forEach((gradient, k) => {
        const input = step.inputs[k];
        if (!gradient || !input || !needed[k]) return;
        const sum = sums.get(input);
        if (sum) sum.add(gradient);
        else sums.set(input, new GradientSum(gradient));
      });
    }
    // What no step has made: the graph's inputs and constants.
    for (const [variable, sum] of sums) if (asked.has(variable)) result.set(variable, sum.gradient());
    return result;
  };
}

/** Those variables, and what was computed from them by a way that has a derivative. */
function dependentsOf({ steps }: Tape, variables: ReadonlySet<Variable>): Set<Variable> {
  const found = new Set(variables);
  for (const { inputs, outputs, vjp, scaledVjp } of steps) {
    if ((vjp ?? scaledVjp) && inputs.some((input) => input && found.has(input))) {
      for (const output of outputs) if (output.tensor.kind === 'float') found.add(output);
    }
  }
  return found;
}

function backThrough(
  { inputs, vjp, scaledVjp }: Step,
  incoming: readonly (Gradient | undefined)[],
  needed: readonly boolean[],
): readonly (Gradient | undefined)[] {
  if (scaledVjp) return scaledVjp(incoming, needed);
  if (!vjp) return [];
  // Band by band, each through the same derivative.
  const bands = new Set(incoming.flatMap((gradient) => [...(gradient?.bands.keys() ?? [])]));
  const parts = inputs.map(() => new Map<number, Float64Array>());
  for (const band of bands) {
    vjp(
      incoming.map((gradient) => gradient?.bands.get(band)),
      needed,
    ).forEach((values, k) => {
      if (values && needed[k]) parts[k].set(band, values);
    });
  }
  return parts.map((part: Bands, k) =>
    part.size > 0 ? Gradient.fromBands(inputs[k]?.tensor.data.length ?? 0, part) : undefined,
  );
}
