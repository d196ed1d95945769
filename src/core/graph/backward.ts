/** The way back along a tape: from gradients by some variables to those by any others. */
import { Gradient, GradientSum, type Bands } from './gradient';
import type { Vjp } from './call';
import { viewOfSeveral } from './strided';
import type { Step } from './step';
import type { Tape } from './tape';
import type { Variable } from './variable';

import { finished, type Turns } from './turns';

export type Gradients = ReadonlyMap<Variable, Gradient>;

/**
 * @param wanted whose gradients are asked for; only what lies between them and the seeds is computed
 * @returns a function from ∂ℓ/∂(some variables) to ∂ℓ/∂(those wanted); one that ℓ does not depend on is left out. Of several targets ℓ, `count` of them,
 * every gradient holds those of each, one behind the other.
 */
export function differentiate(
  tape: Tape,
  wanted: Iterable<Variable>,
): (seeds: Gradients, count?: number) => Map<Variable, Gradient> {
  const differentiating = differentiatingIn(tape, wanted);
  return (seeds, count) => finished(differentiating(seeds, count));
}

/**
 * The same in turns.
 * @param skipsZeros also what ℓ depends on by a derivative that is exactly zero is left out, and so is all behind it
 */
export function differentiatingIn(
  tape: Tape,
  wanted: Iterable<Variable>,
  skipsZeros = false,
): (seeds: Gradients, count?: number) => Turns<Map<Variable, Gradient>> {
  const asked = new Set(wanted);
  const onTheWay = dependentsOf(tape, asked);
  return function* (seeds, count = 1) {
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
      const [whole] = step.inputs;
      const [part] = incoming;
      if (step.view && whole && part) {
        const length = count * whole.size;
        const sum = sums.get(whole) ?? new GradientSum(Gradient.zero(length));
        sum.addAt(viewOfSeveral(step.view, count, whole.size), part);
        sums.set(whole, sum);
        continue;
      }
      backThrough(step, incoming, needed, count).forEach((gradient, k) => {
        const input = step.inputs[k];
        if (!gradient || !input || !needed[k]) return;
        if (skipsZeros && gradient.isZero) return;
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

/** Those variables, and what they were computed from by a way that has a derivative. */
export function differentiableFrom({ steps }: Tape, variables: ReadonlySet<Variable>): Set<Variable> {
  const found = new Set(variables);
  for (const { inputs, outputs, hasDerivative } of steps.toReversed()) {
    if (!hasDerivative || !outputs.some((output) => found.has(output))) continue;
    for (const input of inputs) if (input?.kind === 'float') found.add(input);
  }
  return found;
}

/** Those variables, and what was computed from them by a way that has a derivative. */
function dependentsOf({ steps }: Tape, variables: ReadonlySet<Variable>): Set<Variable> {
  const found = new Set(variables);
  for (const { inputs, outputs, hasDerivative } of steps) {
    if (hasDerivative && inputs.some((input) => input && found.has(input))) {
      for (const output of outputs) if (output.kind === 'float') found.add(output);
    }
  }
  return found;
}

function backThrough(
  step: Step,
  incoming: readonly (Gradient | undefined)[],
  needed: readonly boolean[],
  count: number,
): readonly (Gradient | undefined)[] {
  const { inputs, vjp, takesSeveral, onlyMoves, scaledVjp } = step;
  if (scaledVjp) return count === 1 ? scaledVjp(incoming, needed) : oneByOneScaled(step, incoming, needed, count);
  if (!vjp) return [];
  const back = count === 1 || takesSeveral ? vjp : oneByOne(step, vjp);
  const first = incoming.find((gradient) => gradient !== undefined);
  const [only] = first?.bands.keys() ?? [];
  // Band by band, each through the same derivative; almost always there is one.
  const isOne = incoming.every((gradient) => !gradient || (gradient.bands.size === 1 && gradient.bands.has(only)));
  const bands = isOne ? [only] : new Set(incoming.flatMap((gradient) => [...(gradient?.bands.keys() ?? [])]));
  const parts = inputs.map(() => new Map<number, Float64Array>());
  let isSettled = true;
  for (const band of bands) {
    const given = incoming.map((gradient) => gradient?.bands.get(band));
    back(given, needed, count).forEach((values, k) => {
      if (!values || !needed[k]) return;
      parts[k].set(band, values);
      // What is handed on as it is has its place already.
      if (!onlyMoves && !given.includes(values)) isSettled = false;
    });
  }
  return parts.map((part: Bands, k) => {
    if (part.size === 0) return undefined;
    const length = count * (inputs[k]?.size ?? 0);
    return isSettled ? Gradient.fromSettled(length, part) : Gradient.fromBands(length, part);
  });
}

/** A derivative of one target's gradient, of several. */
function oneByOne({ inputs, outputs }: Step, vjp: Vjp): Vjp {
  return (gradients, wanted, count = 1) => {
    const parts = inputs.map((): Float64Array | undefined => undefined);
    for (let target = 0; target < count; target++) {
      const own = gradients.map((g, k) => {
        const size = outputs[k].size;
        return g?.subarray(target * size, (target + 1) * size);
      });
      if (!own.some((g) => g?.some((each) => each !== 0))) continue;
      vjp(own, wanted).forEach((values, k) => {
        const size = inputs[k]?.size ?? 0;
        if (values && wanted[k]) (parts[k] ??= new Float64Array(count * size)).set(values, target * size);
      });
    }
    return parts;
  };
}

function oneByOneScaled(
  { inputs, outputs, scaledVjp }: Step,
  incoming: readonly (Gradient | undefined)[],
  needed: readonly boolean[],
  count: number,
): (Gradient | undefined)[] {
  const parts = inputs.map((): (Gradient | undefined)[] => []);
  for (let target = 0; target < count; target++)
    scaledVjp?.(
      incoming.map((gradient, k) => gradient?.part(target, outputs[k].size)),
      needed,
    ).forEach((gradient, k) => {
      // An operator answers for all inputs that it can have.
      if (k < parts.length) parts[k][target] = gradient;
    });
  return parts.map((ofTargets, k) =>
    ofTargets.some((each) => each) ? Gradient.joined(ofTargets, count, inputs[k]?.size ?? 0) : undefined,
  );
}
