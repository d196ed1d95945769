/** Stacks of layers that differ in kind, size and directions: the kernels beside float64, and the file. */
import assert from 'node:assert/strict';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import { float64Gradient } from '../../../src/core/float64/float64Backward';
import { matrixInFloat64 } from '../../../src/core/float64/float64Matrix';
import { LowestInput } from '../../../src/core/float64/lowestInput';
import { lowestInputFlow, perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import {
  checkConfig,
  plainLayer,
  uniformStack,
  type LayerConfig,
  type ModelConfig,
} from '../../../src/core/model/config';
import { eachRole, ofRole } from '../../../src/core/model/directionParameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { cellNames, kindOf, optionsOf } from '../../../src/layers/catalog';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { assertClose, assertNear } from '../../reference/compare';
import { backendNames, randomModel, readProbe } from '../support/models';

const around = { vocabularySize: 9, tied: false, objective: 'next', finalNorm: 'none' } as const;
const cells = cellNames.filter((name) => !kindOf(name).mixer);
const layerOf = (kind: number, hiddenSize: number, bidirectional: boolean): LayerConfig => ({
  cell: cells[kind % cells.length],
  activation: 'tanh',
  hiddenSize,
  ...plainLayer,
  bidirectional,
  // In every other mixture as well as by default.
  options: optionsOf(cells[kind % cells.length], { positive: hiddenSize === 11 }),
});

/** Every cell once, in an order that begins with each of them. (Mixtures with other kinds are in mixers.test.ts: these are inspected in float64 only.) */
const mixtures: readonly ModelConfig[] = cells.map((_, first) =>
  checkConfig({
    ...around,
    embeddingSize: first === 0 ? 5 : null,
    layers: cells.map((__, l) => layerOf(first + l, [11, 4, 7][l % 3], first === 1 && l === 1)),
  }),
);

const noPause = () => Promise.resolve();

function assertLogarithms(actual: Float64Array, expected: Float64Array, what: string): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(
      Object.is(value, expected[i]) || Math.abs(value - expected[i]) < 1e-3,
      `${what}, ${i}: ${value} for ${expected[i]}`,
    );
  });
}

describe('a stack of layers that differ', () => {
  for (const config of mixtures) {
    const name = config.layers
      .map(({ cell, hiddenSize, bidirectional }) => `${cell} ${hiddenSize}${bidirectional ? ' both ways' : ''}`)
      .join(', ');
    for (const backend of backendNames) {
      it(`${name}, on ${backend}: losses, gradients of all parameters and of every state are those of float64`, async () => {
        const { parameters, ids } = randomModel(config, 3, 24);
        const { tape, backward, perTarget, input, matrix } = await readProbe(backend, config, parameters, ids);
        const trace = readInFloat64(
          generalModelOf(config, parameters),
          Int32Array.from(ids.slice(0, -1)),
          Int32Array.from(ids.slice(1)),
        );
        assertNear(tape.loss, trace.loss, 1e-5, 'loss');
        await backward.run({ truncation: 0 });
        const { totals, layers, output, embedding } = float64Gradient(trace);
        layers.forEach((directions, l) => {
          directions.forEach((own, d) => {
            for (const [{ role }, values] of eachRole(config.layers[l].cell, own))
              assertClose(ofRole(backward.gradient.layers[l][d], role), values, 1e-4, `${role} of layer ${l}`);
            totals[l][d].forEach((norms, state) => {
              assertClose(backward.totals[l][d][state], norms, 1e-4, `state ${state} of layer ${l}`);
            });
          });
        });
        assertClose(backward.gradient.output.W, output.W, 1e-4, 'output');
        if (embedding) assertClose(backward.gradient.embedding!, embedding, 1e-4, 'embedding');
        for (const target of [0, 9, tape.steps - 1]) {
          const { norms: expected, lowest } = await perTargetInFloat64(trace, target);
          const found = await perTarget.run(target);
          assertLogarithms(
            await input.flow(perTarget),
            lowestInputFlow(lowest, new LowestInput(trace.model, 1)),
            `the input, from ${target}`,
          );
          found.forEach((directions, l) =>
            directions.forEach((states, d) =>
              states.forEach((log10, state) => {
                assertLogarithms(log10, expected[l][d][state], `layer ${l}, from ${target}`);
              }),
            ),
          );
        }
        assertLogarithms(await matrix.run(noPause), await matrixInFloat64(trace, noPause), 'the matrix');
      });
    }

    it(`${name}: is what its file says`, () => {
      assert.equal(uniformStack(config), null);
      const { parameters } = randomModel(config, 3, 4);
      const found = decodeCheckpoint(
        encodeCheckpoint({ config, parameters, vocabulary: new Vocabulary(Array.from('abcdefghi')), step: 2 }),
        'mixed.onnx',
      );
      assert.deepEqual(found.config, config);
      assert.deepEqual(found.parameters.values, parameters.values);
    });
  }
});
