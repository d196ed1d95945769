import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Random } from '../../../../src/core/model/random';
import { Playground } from '../../../../src/engine/inspect/playground';
import { UserError } from '../../../../src/userError';
import { seriesOf } from '../../../../src/protocol/frame';
import { defaultPlayground, type PlaygroundSettings } from '../../../../src/protocol/playground';
import { defaultThresholds } from '../../../../src/protocol/settings';

describe('the playground', () => {
  const run = (settings: Partial<PlaygroundSettings>) =>
    new Playground().run({ ...defaultPlayground, ...settings }, defaultThresholds);
  const relative = async (settings: Partial<PlaygroundSettings>) => {
    const { frame } = await run(settings);
    const flow = seriesOf(frame, 'flow')!;
    return Array.from(flow, (value) => value - flow[flow.length - 1]);
  };

  for (const gain of [0.5, 0.9, 1, 1.1, 2]) {
    it(`a linear cell with gain ${gain} times an orthogonal matrix: the gradient is gain^lag`, async () => {
      const flow = await relative({ activation: 'linear', gain, length: 200 });
      flow.forEach((value, t) =>
        assert.ok(Math.abs(value - (199 - t) * Math.log10(gain)) < 1e-4, `lag ${199 - t}: ${value}`),
      );
    });
  }

  it('a Gaussian matrix has the spectral radius that is asked for: the linear gradient decays at its rate in the long run', async () => {
    for (const gain of [0.7, 1.3]) {
      const flow = await relative({ activation: 'linear', matrix: 'gaussian', gain, length: 512 });
      // Of a pair of complex eigenvalues it turns as it shrinks; over 400 steps that is little.
      const rate = (flow[50] - flow[450]) / 400;
      assert.ok(Math.abs(rate - Math.log10(gain)) < 0.005, `${rate} for ${Math.log10(gain)}`);
    }
  });

  it('an LSTM and a GRU remember the longer, the more the bias holds their gate open', async () => {
    for (const [cell, state] of [
      ['lstm', 'cell'],
      ['gru', 'hidden'],
    ] as const) {
      const horizons: number[] = [];
      for (const forgetBias of [-2, 0, 1, 2]) {
        const { frame } = await run({ cell, forgetBias, gain: 0.5, length: 512 });
        horizons.push(frame.header.flows.find((flow) => flow.state === state)?.horizon ?? Infinity);
      }
      assert.ok(
        horizons.every((horizon, i) => i === 0 || horizon > horizons[i - 1]),
        `${cell}: ${horizons.join(', ')}`,
      );
    }
  });

  it('minGRU and minLSTM change the gradient by what their gates keep, as the bias says, and by no matrix', async () => {
    for (const [cell, kept] of [
      ['minGRU', (bias: number) => 1 / (1 + Math.exp(bias))],
      ['minLSTM', (bias: number) => 1 / (1 + 0.5 * (1 + Math.exp(-bias)))],
    ] as const) {
      for (const forgetBias of [-3, 0, 2]) {
        const { frame, spectralNorm } = await run({ cell, forgetBias, hiddenSize: 256, length: 64 });
        const { slope } = frame.header.flows[0];
        assert.equal(spectralNorm, 0);
        // What a letter adds moves each factor a little; the largest factors survive.
        assert.ok(Math.abs(slope! - Math.log(kept(forgetBias))) < 0.1, `${cell}, ${forgetBias}: ${slope}`);
        const matrix = await run({ cell, forgetBias, hiddenSize: 256, length: 64, gain: 2 });
        assert.equal(matrix.frame.header.flows[0].slope, slope);
      }
    }
  });

  it('the same settings give the same bits, another seed other ones', async () => {
    const [a, b, c] = await Promise.all([relative({ seed: 3 }), relative({ seed: 3 }), relative({ seed: 4 })]);
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
  });

  it('crosses from vanishing to exploding at gain 1', async () => {
    const horizon = async (gain: number) => (await run({ gain, activation: 'linear' })).frame.header.flows[0].horizon;
    assert.equal(await horizon(0.9), Math.floor(Math.log(1e-3) / Math.log(0.9)) + 1);
    assert.equal(await horizon(1), null);
    const { frame } = await run({ gain: 1.1, activation: 'linear' });
    assert.equal(frame.header.regions[0].kind, 'exploding');
  });

  it('refuses what no slider gives', async () => {
    for (const wrong of [
      { gain: 0 },
      { gain: NaN },
      { forgetBias: 99 },
      { length: 0 },
      { hiddenSize: 5000 },
      { cell: 'qrnn' as 'rnn' },
      { activation: 'swish' as 'relu' },
    ]) {
      await assert.rejects(run(wrong), UserError, JSON.stringify(wrong));
    }
  });

  const H = 16;
  const small = { ...defaultPlayground, hiddenSize: H };
  for (const cell of ['rnn', 'gru', 'lstm'] as const) {
    for (const matrix of ['orthogonal', 'gaussian'] as const) {
      it(`draws the ${matrix} matrices of a ${cell} once: another gain, bias or length only draws what a letter adds, and the output`, async () => {
        const draws = mock.method(Random.prototype, 'normal').mock;
        try {
          const playground = new Playground();
          const gates = { rnn: 1, gru: 3, lstm: 4 }[cell];
          const rest = 26 * H * (gates + 1);
          await playground.run({ ...small, cell, matrix }, defaultThresholds);
          assert.ok(draws.callCount() >= gates * H * H + rest, `${draws.callCount()} numbers were drawn`);
          for (const moved of [{ gain: 0.7 }, { forgetBias: 2 }, { length: 64 }, { length: 512 }]) {
            draws.resetCalls();
            await playground.run({ ...small, cell, matrix, ...moved }, defaultThresholds);
            assert.equal(draws.callCount(), rest, JSON.stringify(moved));
          }
        } finally {
          draws.restore();
        }
      });
    }
  }
});
