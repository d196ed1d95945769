/** Models whose weights follow from a formula, and what PyTorch says of them: see test/vectors/around.py, mixtures.py and kinds.py. */
import { strict as assert } from 'node:assert';
import type { ModelConfig } from '../../../src/core/model/config';
import { Parameters, type ParameterEntry } from '../../../src/core/model/parameters';
import type { Tape } from '../../../src/core/model/tape';
import { assertNear } from '../../reference/compare';

/** Stands for the logarithm of an exact zero. */
const zero = -9999;

/** By step; null where there is no gradient. */
export type Series = readonly (number | null)[];

export interface Gradients {
  /** By layer, direction and state. */
  readonly states: readonly (readonly (readonly Series[])[])[];
  /** By boundary. */
  readonly inputs: readonly Series[];
}

/** What PyTorch found of one text: mean loss, and the gradients of it and of the loss at the target. */
export interface Inspection {
  readonly ids: readonly number[];
  readonly loss: number;
  readonly total: Gradients;
  readonly perTarget: Gradients;
}

export interface Run {
  readonly windows: readonly {
    readonly inputs: readonly (readonly number[])[];
    readonly targets: readonly (readonly number[])[];
  }[];
  readonly losses: readonly number[];
  /** Of each parameter its gradient's length, and its product with the formula of weights. */
  readonly gradients: readonly (readonly [number, number])[];
}

/** Element k of parameter p. */
export function formula(p: number, k: number): number {
  return 0.5 * Math.sin(1 + 0.7 * p + 1.3 * k);
}

export function parametersOf(config: ModelConfig): Parameters {
  const parameters = new Parameters(config);
  parameters.layout.entries.forEach((entry, p) => {
    const isScale = entry.role.endsWith('gamma');
    parameters.view(entry).forEach((_, k, values) => {
      values[k] = isScale ? 1 + 0.3 * formula(p, k) : formula(p, k);
    });
  });
  return parameters;
}

/** @param what of logarithms the tolerance is absolute */
function assertSeries(
  actual: Float64Array,
  expected: Series,
  tolerance: number,
  what: string,
  ofLargest: number,
): void {
  const least = ofLargest * Math.max(0, ...expected.filter((value) => value !== null));
  expected.forEach((value, t) => {
    if (value !== null && Math.abs(actual[t] - value) < least) return;
    if (value === null) assert.ok(!Number.isFinite(actual[t]) || actual[t] === 0, `${what}, step ${t}: ${actual[t]}`);
    else if (value === zero) assert.equal(actual[t], -Infinity, `${what}, step ${t}`);
    else assertNear(actual[t], value, tolerance, `${what}, step ${t}`, what.startsWith('log₁₀'));
  });
}

/**
 * @param inputs null where a state is the same variable
 * @param ofLargest what is off by less than this part of the series' largest is right too
 */
export function assertGradients(
  states: readonly (readonly (readonly Float64Array[])[])[],
  inputs: readonly (Float64Array | null)[],
  expected: Gradients,
  tolerance: number,
  what: string,
  ofLargest = 0,
): void {
  expected.states.forEach((directions, l) =>
    directions.forEach((of, d) =>
      of.forEach((series, state) => {
        assertSeries(
          states[l][d][state],
          series,
          tolerance,
          `${what} of state ${state}, layer ${l}, direction ${d}`,
          ofLargest,
        );
      }),
    ),
  );
  expected.inputs.forEach((series, boundary) => {
    const own = inputs[boundary];
    if (own) assertSeries(own, series, tolerance, `${what} of the input at boundary ${boundary}`, ofLargest);
  });
}

/** Something for every parameter, such as its gradient. */
export interface ByEntry extends Pick<Parameters, 'layout'> {
  readonly view: (entry: ParameterEntry) => ArrayLike<number>;
}

export function assertParameters(actual: ByEntry, expected: Run['gradients'], tolerance: number): void {
  actual.layout.entries.forEach((entry, p) => {
    const values = Float64Array.from(actual.view(entry));
    const [length, product] = expected[p];
    const along = values.reduce((sum, value, k) => sum + value * formula(0, k), 0);
    assertNear(Math.hypot(...values), length, tolerance, `‖∂L/∂ ${entry.name}‖`);
    assert.ok(
      Math.abs(along - product) < tolerance * Math.max(length, 1e-6),
      `∂L/∂ ${entry.name}: ${along}, ${product}`,
    );
  });
}

/** Puts [stream][step] on the tape. */
export function load(tape: Tape, { inputs, targets }: Run['windows'][number]): void {
  const B = inputs.length;
  tape.inputs.fill(-1);
  tape.targets.fill(-1);
  inputs.forEach((ids, b) => {
    tape.lengths[b] = ids.length;
    ids.forEach((id, t) => {
      tape.inputs[t * B + b] = id;
      tape.targets[t * B + b] = targets[b][t];
    });
  });
  tape.resize(Math.max(...inputs.map(({ length }) => length)));
}
