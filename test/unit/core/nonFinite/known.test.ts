/** Models in which it is known by construction where a number first leaves float32. */
import assert from 'node:assert/strict';
import { readInFloat64, windowOfText } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { findNonFinite, type NonFiniteNumbers } from '../../../../src/core/nonFinite/findNonFinite';

const stack = {
  ...plainStack,
  cell: 'rnn',
  activation: 'tanh',
  layers: 1,
  hiddenSize: 1,
  vocabularySize: 2,
} as const;

function modelOf(
  given: Partial<StackConfig & { layers: number }>,
  fill: (parameters: Parameters) => void,
): GeneralModel {
  const config = uniformModel({ ...stack, ...given });
  const parameters = new Parameters(config);
  fill(parameters);
  return generalModelOf(config, parameters);
}

/** Reads zeros, and predicts them. */
function numbersOf(model: GeneralModel, steps: number, inputs = new Int32Array(steps)): NonFiniteNumbers {
  return findNonFinite(readInFloat64(model, inputs, new Int32Array(steps)));
}

const forwardAt = { pass: 'forward', layer: 0, direction: 'forward', parameter: null } as const;

function assertNumber(actual: number | null | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? NaN) / expected - 1) < 1e-12, `${actual} for ${expected}`);
}

describe('the first number that leaves float32', () => {
  // h_t = 10 h_{t−1} + 1 = (10^(t+1) − 1) / 9
  const growing = modelOf({ activation: 'relu' }, ({ layers: [[{ W, R }]], output }) => {
    W.fill(1);
    R.fill(10);
    output.W.set([1e-38, -1e-38]);
  });

  it('is a state that grows, at the step at which it does: 1.1e39 after 1.1e38; float64 holds all of it', () => {
    const { first } = numbersOf(growing, 42);
    const { before, value, ...place } = first!;
    assert.deepEqual(place, {
      ...{ ...forwardAt, step: 39, quantity: 'preActivation', unit: 0, isFiniteInFloat64: true },
    });
    assertNumber(value, 1e40 / 9);
    assertNumber(before, 1e39 / 9);
    assert.equal(numbersOf(growing, 39).first, null, 'before, nothing does');
  });

  it('is at the same step where it explodes beyond float64 too, which is told apart', () => {
    const { first } = numbersOf(growing, 320);
    assert.equal(first?.step, 39);
    assert.equal(first.isFiniteInFloat64, false);
  });

  // h stays 0, where tanh has the slope 1: ∂L/∂h_t = −(1/T) Σ_k 10^k, k = 0 … T − 1 − t.
  const exploding = (gain: number) =>
    modelOf({}, ({ layers: [[{ R }]], output }) => {
      R.fill(gain);
      output.W.set([1, -1]);
    });

  it('is a gradient where the loss is finite: on the way back, beside the one a step later', () => {
    const trace = readInFloat64(exploding(10), new Int32Array(60), new Int32Array(60));
    assertNumber(trace.loss, Math.log(2));
    const { first } = findNonFinite(trace);
    const { before, value, ...place } = first!;
    assert.deepEqual(place, {
      ...{ ...forwardAt, pass: 'backward', step: 18, quantity: 'hidden', unit: 0, isFiniteInFloat64: true },
    });
    assertNumber(value, -1e42 / 9 / 60);
    assertNumber(before, -1e41 / 9 / 60);
  });

  it('is no gradient that vanishes: it is told where that becomes subnormal', () => {
    const model = exploding(0.1);
    // Only the last step predicts: ∂L/∂h_t = −0.1^(T − 1 − t).
    const T = 50;
    const targets = new Int32Array(T).fill(-1);
    targets[T - 1] = 0;
    const window = { carried: [], dropout: [], predicted: 1, truncation: 0 };
    const { first, underflow } = findNonFinite(readInFloat64(model, new Int32Array(T), targets, window));
    assert.equal(first, null);
    const { before, value, ...place } = underflow!;
    // 1e-38 is below 1.1754e-38, 1e-37 is not.
    assert.deepEqual(place, { ...forwardAt, pass: 'backward', step: T - 1 - 38, quantity: 'hidden', unit: 0 });
    assert.ok(Math.abs(value / 1e-38 - 1) < 1e-6 && Math.abs((before ?? 0) / 1e-37 - 1) < 1e-6);
  });

  it('does not pass a cut of truncation', () => {
    const window = { carried: [], dropout: [], predicted: 60, truncation: 20 };
    const trace = readInFloat64(exploding(10), new Int32Array(60), new Int32Array(60), window);
    assert.equal(findNonFinite(trace).first, null);
  });

  it('begins with the state that is carried in', () => {
    const window = { carried: [[Float32Array.of(1e37)]], dropout: [], predicted: 8, truncation: 0 };
    const { first } = findNonFinite(readInFloat64(growing, new Int32Array(8), new Int32Array(8), window));
    // 1e37 → 1e38 → 1e39
    assert.deepEqual([first?.step, first?.quantity], [1, 'preActivation']);
    assertNumber(first?.before, Math.fround(1e37) * 10 + 1);
  });

  it('is in the weights where these are no numbers, and is named', () => {
    const broken = modelOf({ layers: 2 }, ({ layers }) => layers[1][0].R.fill(NaN));
    const { first } = numbersOf(broken, 5);
    assert.deepEqual(
      [first?.parameter, first?.layer, first?.step, first?.quantity, first?.value, first?.isFiniteInFloat64],
      ['layer1.forward.R', 1, 0, 'preActivation', NaN, false],
    );
  });

  it('names the weights it is computed with, not others that are no numbers either', () => {
    const fill = ({ embedding, layers, output }: Parameters) => {
      // Of a token that is not read.
      embedding!.set([1, 1, NaN, NaN]);
      layers[1][0].R.fill(NaN);
      output.b.fill(NaN);
    };
    const inLayer = numbersOf(modelOf({ layers: 2, embeddingSize: 2 }, fill), 3).first;
    assert.deepEqual([inLayer?.layer, inLayer?.step, inLayer?.parameter], [1, 0, 'layer1.forward.R']);
    const ofOutput = numbersOf(
      modelOf({ embeddingSize: 2 }, ({ embedding, output }) => {
        embedding!.set([1, 1, NaN, NaN]);
        output.b.fill(NaN);
      }),
      3,
    ).first;
    assert.deepEqual([ofOutput?.quantity, ofOutput?.step, ofOutput?.parameter], ['logits', 0, 'output.b']);
  });

  it('grows by itself, whatever weights of unread tokens are', () => {
    const config = { activation: 'relu', embeddingSize: 2 } as const;
    const model = modelOf(config, ({ embedding, layers: [[{ W, R }]] }) => {
      embedding!.set([1, 1, NaN, NaN]);
      W.fill(0.5);
      R.fill(10);
    });
    const { first } = numbersOf(model, 42);
    assert.deepEqual([first?.quantity, first?.parameter, first?.isFiniteInFloat64], ['preActivation', null, true]);
  });

  it('is in the embedding of a token that is read, at its first step', () => {
    const fill = ({ embedding }: Parameters) => embedding!.set([1, 1, Infinity, 1]);
    const model = modelOf({ embeddingSize: 2 }, fill);
    const { first } = numbersOf(model, 6, Int32Array.of(0, 0, 0, 1, 0, 1));
    assert.deepEqual(first, {
      ...{ pass: 'forward', step: 3, layer: null, direction: null, quantity: 'embedding', unit: 0, before: 1 },
      ...{ value: Infinity, parameter: 'embedding', isFiniteInFloat64: false },
    });
    const unread = numbersOf(model, 3).first;
    assert.deepEqual(
      [unread?.quantity, unread?.parameter, unread?.step, unread?.unit],
      ['parameter', 'embedding', null, 2],
    );
  });

  it('is a weight of float64 that float32 cannot hold', () => {
    const model = modelOf({ embeddingSize: 2 }, () => undefined);
    const embedding = Float64Array.of(1e39, 0, 0, 0);
    const { first } = numbersOf({ ...model, embedding }, 3);
    assert.deepEqual([first?.quantity, first?.step, first?.value], ['embedding', 0, 1e39]);
    assert.deepEqual([first?.parameter, first?.isFiniteInFloat64], ['embedding', true]);
  });

  it('is the gradient of a parameter where every step’s gradient is within float32', () => {
    // ∂L/∂W = ∂L/∂a · x, with x = 1e20 and ∂L/∂a of some 1e19.
    const model = modelOf({ embeddingSize: 1 }, ({ embedding, layers: [[{ W }]], output }) => {
      embedding!.fill(1e20);
      W.fill(1e-20);
      output.W.set([-1e20, 1e20]);
    });
    const { first } = numbersOf(model, 1);
    assert.deepEqual(
      [first?.pass, first?.step, first?.quantity, first?.parameter, first?.isFiniteInFloat64],
      ['backward', null, 'parameter', 'layer0.forward.W', true],
    );
  });

  it('is what goes into a gate, though the gate itself is shut', () => {
    const model = modelOf({ cell: 'lstm' }, ({ layers: [[{ Wb, Rb }]] }) => {
      // i, o, f, c
      Wb.set([0, 0, -3e38, 0]);
      Rb.set([0, 0, -3e38, 0]);
    });
    const { first } = numbersOf(model, 3);
    assert.deepEqual([first?.quantity, first?.step, first?.before], ['forgetGate.preActivation', 0, null]);
    assert.equal(first?.isFiniteInFloat64, true);
  });

  it('is in the direction that reads from the end, not where a layer above has it from there', () => {
    const config = { activation: 'relu', layers: 2, bidirectional: true, objective: 'masked' } as const;
    const model = modelOf(config, ({ layers }) => {
      layers[0][1].W.fill(1);
      layers[0][1].R.fill(10);
      for (const direction of layers[1]) direction.W.fill(1);
    });
    const { first } = numbersOf(model, 42);
    // Its step 39 of 42.
    assert.deepEqual(
      [first?.layer, first?.direction, first?.step, first?.quantity],
      [0, 'backward', 2, 'preActivation'],
    );
    assertNumber(first?.before, 1e39 / 9);
  });

  it('is a logit, or the loss, where all states are small', () => {
    const logits = modelOf({}, ({ output }) => {
      output.W.fill(0);
      output.b.set([3e38, -3e38]);
    });
    // −ln p(1) = 6e38
    const { first } = findNonFinite(readInFloat64(logits, new Int32Array(2), Int32Array.of(0, 1)));
    assert.deepEqual([first?.quantity, first?.step, first?.unit, first?.layer], ['loss', 1, null, null]);
    const beyond = modelOf({}, ({ layers: [[{ Wb }]], output }) => {
      Wb.fill(20);
      output.W.set([3e38, 3e38]);
      output.b.set([0, 3e38]);
    });
    const found = numbersOf(beyond, 2).first;
    assert.deepEqual([found?.quantity, found?.step, found?.unit], ['logits', 0, 1]);
  });

  it('is nothing that the output gives at steps where nothing is predicted', () => {
    const model = modelOf({ activation: 'relu' }, ({ layers: [[{ W, R }]], output }) => {
      W.fill(1);
      R.fill(10);
      output.W.set([0, 1e30]);
    });
    const read = (targets: Int32Array) =>
      findNonFinite(readInFloat64(model, new Int32Array(12), targets, { ...windowOfText(targets), predicted: 1 }))
        .first;
    // 1.1e38 at step 8, and 1.1e39 at step 9.
    const everywhere = read(new Int32Array(12));
    assert.deepEqual([everywhere?.quantity, everywhere?.step], ['logits', 9]);
    assertNumber(everywhere?.before, Math.fround(1e30) * 111_111_111);
    const atTheEnd = read(new Int32Array(12).fill(-1).fill(0, 11));
    assert.deepEqual([atTheEnd?.quantity, atTheEnd?.step, atTheEnd?.before], ['logits', 11, null]);
    assert.equal(read(new Int32Array(12).fill(-1).fill(0, 0, 1)), null);
  });

  it('is nowhere in a sound model', () => {
    const model = modelOf({ cell: 'gru', hiddenSize: 3 }, ({ values }) => values.fill(0.1));
    assert.deepEqual(numbersOf(model, 9), { first: null, underflow: null });
  });
});
