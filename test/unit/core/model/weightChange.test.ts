/** What a remedy changes of trained weights, and that it changes nothing else. */
import assert from 'node:assert/strict';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { canChange, changeWeights } from '../../../../src/core/model/weightChange';
import { kindOf } from '../../../../src/layers/catalog';
import { assertNear } from '../../../reference/compare';

const H = 6;
const stack = { ...plainStack, activation: 'tanh', layers: 2, hiddenSize: H, vocabularySize: 5 } as const;

describe('changes of trained weights', () => {
  for (const cell of ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'] as const) {
    const config = uniformModel({ ...stack, cell });
    const { forgetGate, gates } = kindOf(cell);

    it(`${cell}: an orthogonal restart is of every gate’s block of R`, () => {
      const before = initialize(config, Random.fromSeed(2));
      const after = new Parameters(config, before.values.slice());
      const restarted = changeWeights(after, config, 'restartR', Random.fromSeed(1));
      assert.equal(restarted.length > 0, canChange(config, 'restartR'));
      for (const [e, entry] of after.layout.entries.entries()) {
        const [was, is] = [before.view(before.layout.entries[e]), after.view(entry)];
        const isR = entry.role === 'R';
        assert.equal(
          restarted.some(({ offset }) => offset === entry.offset),
          isR,
        );
        if (!isR) assert.deepEqual(is, was);
        for (let row = 0; isR && row < is.length; row += H)
          for (let other = row - (row % (H * H)); other <= row; other += H) {
            let dot = 0;
            for (let i = 0; i < H; i++) dot += is[row + i] * is[other + i];
            assertNear(dot, row === other ? 1 : 0, 1e-6, `rows ${row / H} and ${other / H}`, true);
          }
      }
    });

    it(`${cell}: the forget gate’s bias is raised, where there is one`, () => {
      const before = initialize(config, Random.fromSeed(2));
      const after = new Parameters(config, before.values.slice());
      assert.deepEqual(changeWeights(after, config, 'raiseForgetBias', Random.fromSeed(1)), []);
      assert.equal(canChange(config, 'raiseForgetBias'), forgetGate !== null);
      const block = gates.findIndex((gate) => gate === forgetGate);
      for (const [e, entry] of after.layout.entries.entries()) {
        const was = before.view(before.layout.entries[e]);
        const expected = was.map((value, i) =>
          entry.role === 'Wb' && forgetGate !== null && Math.floor(i / H) === block ? value + 2 : value,
        );
        assert.deepEqual(after.view(entry), expected);
      }
    });
  }
});
