/** Every kind of layer: the first number beside the naive reference's, and beside the kernels, which compute the same in float32. */
import assert from 'node:assert/strict';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { findNonFinite } from '../../../../src/core/nonFinite/findNonFinite';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import type { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend } from '../../../../src/engine/backend';
import { Batch } from '../../../../src/engine/train/batch';
import { cellNames, kindOf } from '../../../../src/layers/catalog';
import { backward, crossEntropyGradient, forward } from '../../../reference/network';
import { scale } from '../../../reference/algebra';
import type { ReferenceCellName, ReferenceModel, Vector } from '../../../reference/model';
import { zeroState } from '../../../reference/model';

const V = 9;
const ids = [0, 3, 7, 1, 4, 8, 2, 6, 5, 0, 3, 3, 8, 1, 2, 7, 4];
const inputs = Int32Array.from(ids.slice(0, -1));
const targets = Int32Array.from(ids.slice(1));
const T = inputs.length;
const greatest = 3.4028234663852886e38;
const outside = (values: ArrayLike<number>) => Array.from(values).findIndex((x) => !(Math.abs(x) <= greatest));

function drawn(config: ModelConfig, seed: number): Parameters {
  return initialize(config, Random.fromSeed(seed));
}

function asReference(config: ModelConfig, { layers, output }: Parameters): ReferenceModel {
  const wide = (values: Float32Array) => Float64Array.from(values);
  const [{ cell, activation }] = config.layers;
  return {
    cell: cell as ReferenceCellName,
    activation,
    layers: layers.map(([{ W, R, Wb, Rb }]) => ({ W: wide(W), R: wide(R), Wb: wide(Wb), Rb: wide(Rb) })),
    output: { W: wide(output.W), b: wide(output.b) },
  };
}

describe('the first number that leaves float32, beside the naive reference', () => {
  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    it(`${cell}: the gradient of a state, on the way back of two layers`, () => {
      for (const seed of [1, 2, 3]) {
        const config = uniformModel({
          ...plainStack,
          cell,
          activation: 'tanh',
          layers: 2,
          hiddenSize: 4,
          vocabularySize: V,
        });
        const parameters = drawn(config, seed);
        // Near the zero state, where nothing is saturated, the gradient grows some ten thousandfold a step.
        for (const [{ W, R, Wb, Rb }] of parameters.layers) {
          for (const values of [W, Wb, Rb]) values.fill(0);
          R.forEach((value, i) => (R[i] = 1e5 * value));
        }
        const { first } = findNonFinite(readInFloat64(generalModelOf(config, parameters), inputs, targets));
        const model = asReference(config, parameters);
        const trace = forward(model, [...inputs], zeroState(model));
        const errors = trace.scores.map((score, t) => scale(1 / T, crossEntropyGradient(score, targets[t])));
        const { hidden, cell: cells } = backward(model, trace, errors);
        const expected = firstBack(hidden, cells);
        assert.ok(expected && first, 'it explodes');
        assert.deepEqual(
          { pass: first.pass, step: first.step, layer: first.layer, quantity: first.quantity, unit: first.unit },
          { pass: 'backward', ...expected.place },
        );
        assert.ok(Math.abs(first.value / expected.value - 1) < 1e-9);
        assert.ok(Math.abs((first.before ?? NaN) / expected.before - 1) < 1e-9);
        assert.equal(first.isFiniteInFloat64, true);
      }
    });
  }
});

/** From the last step back, at each from the top layer down, h before c. */
function firstBack(hidden: readonly (readonly Vector[])[], cells: readonly (readonly Vector[])[]) {
  for (let step = T - 1; step >= 0; step--)
    for (let layer = hidden.length - 1; layer >= 0; layer--)
      for (const [quantity, all] of [['hidden', hidden] as const, ['cell', cells] as const]) {
        const unit = outside(all[layer][step]);
        if (unit >= 0)
          return {
            place: { step, layer, quantity, unit },
            value: all[layer][step][unit],
            before: all[layer][step + 1][unit],
          };
      }
  return null;
}

describe('the first number that leaves float32, beside the kernels', () => {
  for (const cell of cellNames) {
    const isMixer = kindOf(cell).mixer !== undefined;
    const hasHeads = kindOf(cell).mixer?.heads !== undefined;
    for (const both of isMixer ? [false] : [false, true]) {
      it(`${cell}${both ? ', both ways' : ''}: where float32 fails, it is there or before; of one direction at the token that is too large`, async () => {
        let failed = 0;
        for (const seed of [1, 2, 3]) {
          const config = uniformModel({ ...stackOf(cell), bidirectional: both, objective: both ? 'masked' : 'next' });
          const parameters = drawn(config, seed);
          // A token that is read first at step 5.
          parameters.embedding?.fill(3e38, 8 * 6, 9 * 6);
          for (const [{ W }] of parameters.layers) W.forEach((value, i) => (W[i] = 4 * value));
          const { first } = findNonFinite(readInFloat64(generalModelOf(config, parameters), inputs, targets));
          const given = await givenInFloat32(config, parameters);
          const failing = firstForward(given, both);
          assert.equal(first?.pass, 'forward', 'it overflows');
          if (!failing) continue;
          failed++;
          if (both) assert.ok((first.layer ?? 0) <= failing.layer);
          // A score of −∞ is no weight, also in float32: it fails at one of +∞.
          else assert.deepEqual([first.step, hasHeads || failing.step === 5], [5, true]);
        }
        // What saturates can hide what it has read.
        if (isMixer || cell === 'rnn') assert.equal(failed, 3, 'float32 fails too');
      });
    }
  }
});

function stackOf(cell: StackConfig['cell']) {
  const [layers, hiddenSize] = [2, 6];
  const options = kindOf(cell).options.some(({ name }) => name === 'heads') ? { heads: 1 } : {};
  return {
    ...plainStack,
    ...{ cell, activation: 'relu' as const, layers, hiddenSize, embeddingSize: hiddenSize, vocabularySize: V, options },
  } as const;
}

/** What each layer gives. */
async function givenInFloat32(config: ModelConfig, parameters: Parameters): Promise<Float32Array[]> {
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const settings = { config, steps: T, batch: 1, hasDropout: false, hasOmega: false, records: true };
  const batch = new Batch(backend, settings, () => null);
  const { network, board } = batch;
  network.parameters.values.set(parameters.values);
  board.inputs.set(inputs);
  board.targets.set(targets);
  board.lengths[0] = T;
  await batch.run({ steps: T, truncation: 0, dropout: null, omega: 0 });
  return network.tape.layers.map(({ given }) => given);
}

/** The lowest layer that gives something not finite, and the step: step by step, or layer by layer. */
function firstForward(given: readonly Float32Array[], isByLayer: boolean): { layer: number; step: number } | null {
  const width = (values: Float32Array) => values.length / T;
  const at = (layer: number, step: number) =>
    !given[layer].subarray(step * width(given[layer]), (step + 1) * width(given[layer])).every(Number.isFinite);
  const places = given.flatMap((_, layer) => Array.from({ length: T }, (__, step) => ({ layer, step })));
  const order = isByLayer ? places : places.sort((a, b) => a.step - b.step || a.layer - b.layer);
  return order.find(({ layer, step }) => at(layer, step)) ?? null;
}
