/** The matrix of the lowest boundary: by the kernels where that would be slow in float64, unless their numbers differ. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend } from '../../../../src/engine/backend';
import { inputMatrixOf } from '../../../../src/engine/inspect/inputMatrix';
import { Inspector } from '../../../../src/engine/inspect/inspector';

const symbols = Array.from('abcdefghij');
const T = 120;
const noPause = () => Promise.resolve();

/** In float64, and as of a text whose matrix would be slow. */
async function matrices(part: Partial<StackConfig>, gain: number): Promise<[Float64Array, Float64Array]> {
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 24,
    vocabularySize: symbols.length,
    ...part,
  });
  const random = Random.fromSeed(4);
  const parameters = initialize(config, random, { initialization: 'gaussian', initScale: gain, forgetBias: 1 });
  const text = Array.from({ length: T + 1 }, () => symbols[Math.floor(random.between(0, symbols.length))]).join('');
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const inspector = new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: false,
    vocabulary: new Vocabulary(symbols),
    backend,
  });
  const reading = await inspector.read(text);
  return [await reading.inputMatrix(noPause), await inputMatrixOf(inspector, reading, text, noPause, 0)];
}

describe('the input matrix of a long text', () => {
  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    it(`is that of float64 to a thousandth of a power of ten: ${cell}`, async () => {
      const [float64, found] = await matrices({ cell, layers: 2, bidirectional: cell === 'gru' }, 0.8);
      found.forEach((value, i) => {
        assert.ok(
          Object.is(value, float64[i]) || Math.abs(value - float64[i]) < 1e-3,
          `${i}: ${value} for ${float64[i]}`,
        );
      });
      assert.ok(
        found.some((value, i) => value !== float64[i] && !Number.isNaN(value)),
        'it was computed in float64',
      );
    });
  }

  it('is computed in float64 where rounding grows along the text', async () => {
    const [float64, found] = await matrices({}, 4);
    assert.deepEqual(found, float64);
  });
});
