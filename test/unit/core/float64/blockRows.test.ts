/** The matrices row by row, many targets at once: the very bits of each target by itself. */
import { strict as assert } from 'node:assert';
import { wholeMatrix } from '../../../../src/core/analysis/matrixRows';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { float64InputRows } from '../../../../src/core/float64/float64InputMatrix';
import { Float64TopRows } from '../../../../src/core/float64/float64Matrix';
import { lowestInputFlow, perTargetInFloat64 } from '../../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { LowestInput } from '../../../../src/core/float64/lowestInput';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { randomModel } from '../../support/models';

const T = 90;
const kinds: [string, Partial<StackConfig>][] = [
  ['rnn', { cell: 'rnn' }],
  ['relu rnn, two layers', { cell: 'rnn', activation: 'relu', layers: 2 }],
  ['lstm', { cell: 'lstm' }],
  ['lstm, three layers', { cell: 'lstm', layers: 3, embeddingSize: 5 }],
  ['gru, two layers', { cell: 'gru', layers: 2 }],
  ['gru, of a large vocabulary', { cell: 'gru', vocabularySize: 70 }],
  ['lstm that reads both ways', { cell: 'lstm', bidirectional: true }],
];

function modelOf(part: Partial<StackConfig>) {
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 7,
    vocabularySize: 9,
    ...part,
  });
  return { config, ...randomModel(config, 11, T + 1) };
}

const read = (model: GeneralModel, ids: ArrayLike<number>) =>
  readInFloat64(model, Int32Array.from(ids).subarray(0, -1), Int32Array.from(ids).subarray(1));

describe('rows of the matrices, many targets at once', () => {
  for (const [name, part] of kinds) {
    it(`in float64: ${name}`, async () => {
      const { config, parameters, ids } = modelOf(part);
      const trace = read(generalModelOf(config, parameters), ids);
      const input = new LowestInput(trace.model, (T * (T + 1)) / 2);
      const found = await wholeMatrix(T, float64InputRows(trace), () => Promise.resolve());
      const top = await wholeMatrix(T, new Float64TopRows(trace), () => Promise.resolve());
      for (let target = 0; target < T; target++) {
        const { lowest, norms } = await perTargetInFloat64(trace, target);
        assert.deepEqual(found.subarray(target * T, (target + 1) * T), lowestInputFlow(lowest, input), `row ${target}`);
        // These are scaled at other steps.
        norms[norms.length - 1][0][0].forEach((value, t) => {
          const other = top[target * T + t];
          assert.ok(
            Object.is(value, other) || Math.abs(value - other) < 1e-11,
            `${target}, ${t}: ${other} for ${value}`,
          );
        });
      }
    });

    for (const backendName of ['wasm', 'ort'] as const) {
      it(`by the kernels, on ${backendName}: ${name}`, async () => {
        const { config, parameters, ids } = modelOf({ ...part, hiddenSize: 30 });
        const symbols = Array.from({ length: config.vocabularySize }, (_, id) => String.fromCodePoint(0x61 + id));
        const backend = await createBackend({ backend: backendName, threads: 1 }, 1, Infinity);
        const general = generalModelOf(config, parameters);
        const plain = { config, parameters };
        const inspector = new Inspector({
          general,
          plain,
          isLive: false,
          vocabulary: new Vocabulary(symbols),
          backend,
        });
        const reading = await inspector.readPlain(Array.from(ids, (id) => symbols[id]).join(''));
        const found = await reading.inputMatrix(() => Promise.resolve());
        for (let target = 0; target < T; target++)
          assert.deepEqual(
            found.subarray(target * T, (target + 1) * T),
            await reading.inputFlow(target),
            `row ${target}`,
          );
      });
    }
  }

  it('in float64, where numbers leave what it holds', async () => {
    for (const scale of [40, 1e-3]) {
      const { config, parameters, ids } = modelOf({ cell: 'rnn', activation: 'relu' });
      parameters.layers[0][0].R.forEach((value, i, R) => (R[i] = Math.abs(value) * scale));
      parameters.layers[0][0].W.forEach((value, i, W) => (W[i] = Math.abs(value)));
      const trace = read(generalModelOf(config, parameters), ids);
      const input = new LowestInput(trace.model, (T * (T + 1)) / 2);
      const found = await wholeMatrix(T, float64InputRows(trace), () => Promise.resolve());
      const row = lowestInputFlow((await perTargetInFloat64(trace, T - 1)).lowest, input);
      assert.deepEqual(found.subarray((T - 1) * T), row);
    }
  });
});
