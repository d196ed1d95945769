import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Random } from '../../../../src/core/model/random';
import { Playground } from '../../../../src/engine/inspect/playground';
import { PlaygroundWeights } from '../../../../src/engine/inspect/playgroundModel';
import { Float64Reading } from '../../../../src/engine/inspect/reading';
import { UserError } from '../../../../src/userError';
import { cellNames, kindOf, type CellName } from '../../../../src/layers/catalog';
import type { ControlValues } from '../../../../src/layers/playground';
import { seriesOf } from '../../../../src/protocol/frame';
import { defaultPlayground, type PlaygroundSettings } from '../../../../src/protocol/playground';
import { defaultThresholds } from '../../../../src/protocol/settings';

const run = (settings: Partial<PlaygroundSettings>) =>
  new Playground().run({ ...defaultPlayground, ...settings }, defaultThresholds);
/** r_t of the lowest layer's first state, T values. */
const relative = async (settings: Partial<PlaygroundSettings>) => {
  const { frame } = await run(settings);
  const flow = seriesOf(frame, 'flow')!;
  return Array.from(flow, (value) => value - flow[flow.length - 1]);
};
/** By which it changes from step to step is the same at every step: log₁₀, of float32 numbers. */
const falls = (flow: readonly number[], perToken: number) => {
  flow.forEach((value, t) => {
    const expected = (flow.length - 1 - t) * perToken;
    assert.ok(Math.abs(value - expected) < 1e-5 + 1e-6 * Math.abs(expected), `step ${t}: ${value} for ${expected}`);
  });
};
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

describe('the playground of recurrent cells', () => {
  for (const gain of [0.5, 0.9, 1, 1.1, 2]) {
    it(`a linear cell with gain ${gain} times an orthogonal matrix: the gradient is gain^lag`, async () => {
      const flow = await relative({ values: { activation: 'linear', gain }, length: 200 });
      flow.forEach((value, t) =>
        assert.ok(Math.abs(value - (199 - t) * Math.log10(gain)) < 1e-4, `lag ${199 - t}: ${value}`),
      );
    });
  }

  it('a Gaussian matrix has the spectral radius that is asked for: the linear gradient decays at its rate in the long run', async () => {
    for (const gain of [0.7, 1.3]) {
      const flow = await relative({ values: { activation: 'linear', matrix: 'gaussian', gain }, length: 512 });
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
      for (const gateBias of [-2, 0, 1, 2]) {
        const { frame } = await run({ cell, values: { gateBias, gain: 0.5 }, length: 512 });
        horizons.push(frame.header.flows.find((flow) => flow.state === state)?.horizon ?? Infinity);
      }
      assert.ok(
        horizons.every((horizon, i) => i === 0 || horizon > horizons[i - 1]),
        `${cell}: ${horizons.join(', ')}`,
      );
    }
  });

  it('crosses from vanishing to exploding at gain 1', async () => {
    const linear = (gain: number) => run({ values: { gain, activation: 'linear' } });
    const horizon = async (gain: number) => (await linear(gain)).frame.header.flows[0].horizon;
    assert.equal(await horizon(0.9), Math.floor(Math.log(1e-3) / Math.log(0.9)) + 1);
    assert.equal(await horizon(1), null);
    assert.equal((await linear(1.1)).frame.header.regions[0].kind, 'exploding');
  });
});

describe('the playground of minGRU and minLSTM', () => {
  for (const bias of [-4, -2, 0, 3]) {
    it(`minGRU with z at a constant σ(${bias}): the gradient shrinks by exactly 1 − z a token`, async () => {
      const values = { writeBias: bias, selectivity: 0 };
      falls(await relative({ cell: 'minGRU', values }), Math.log10(1 - logistic(bias)));
      const { frame, spectralNorm } = await run({ cell: 'minGRU', values });
      assert.equal(spectralNorm, 0);
      assert.ok(Math.abs(frame.header.flows[0].slope! - Math.log(1 - logistic(bias))) < 1e-6);
    });

    it(`minLSTM with f at a constant σ(${bias}): by exactly f / (f + i), with i = ½`, async () => {
      const f = logistic(bias);
      falls(await relative({ cell: 'minLSTM', values: { gateBias: bias, selectivity: 0 } }), Math.log10(f / (f + 0.5)));
    });
  }

  it('with gates that follow the letters, changes by about as much, and not by the same at every token', async () => {
    const flow = await relative({ cell: 'minGRU', values: { writeBias: 0 }, hiddenSize: 256, length: 64 });
    const factors = flow.slice(1).map((value, t) => flow[t] - value);
    assert.ok(Math.abs(flow[0] / 63 - Math.log10(0.5)) < 0.05, String(flow[0] / 63));
    assert.ok(Math.max(...factors) - Math.min(...factors) > 0.01);
  });
});

describe('the playground of Mamba', () => {
  for (const [step, rate] of [
    [0.05, 1],
    [0.5, 0.1],
    [1, 3.162],
  ]) {
    it(`with one number a channel, Δ at a constant ${step} and A = −${rate}: the gradient shrinks by exactly exp(−Δ e^{A_log}) a token`, async () => {
      const values = { leastStep: step, greatestStep: step, decayScale: rate, selectivity: 0, stateSize: '1' };
      falls(await relative({ cell: 'mamba', values }), -step * rate * Math.LOG10E);
    });
  }

  it('with more numbers, of which the slowest is left in the end', async () => {
    const values = { leastStep: 0.5, greatestStep: 0.5, selectivity: 0, stateSize: '16' };
    const flow = await relative({ cell: 'mamba', values });
    assert.ok(Math.abs(flow[0] - flow[50] - 50 * -0.5 * Math.LOG10E) < 1e-5);
  });

  it('never explodes, wherever the controls stand', async () => {
    for (const values of [
      { leastStep: 1e-4, greatestStep: 10, selectivity: 4, decayScale: 0.01 },
      { leastStep: 10, greatestStep: 10, selectivity: 4, decayScale: 100 },
      { leastStep: 1e-4, greatestStep: 1e-4, selectivity: 0, decayScale: 0.01 },
    ]) {
      const flow = await relative({ cell: 'mamba', values });
      assert.ok(
        flow.every((value, t) => t === 0 || flow[t - 1] <= value + 1e-6),
        JSON.stringify(values),
      );
    }
  });

  it('remembers the longer, the smaller its steps or its decay', async () => {
    const horizons = async (of: (x: number) => ControlValues) => {
      const found: number[] = [];
      for (const x of [2, 0.5, 0.2]) {
        const { frame } = await run({ cell: 'mamba', values: of(x), length: 512 });
        found.push(frame.header.flows.find(({ state }) => state === 'scan')?.horizon ?? Infinity);
      }
      return found;
    };
    for (const of of [
      (x: number) => ({ leastStep: x, greatestStep: x }),
      (x: number) => ({ leastStep: 0.5, greatestStep: 0.5, decayScale: x }),
    ]) {
      const found = await horizons(of);
      assert.ok(found[0] < found[1] && found[1] < found[2], found.join(', '));
    }
  });
});

describe('the playground of attention', () => {
  const attention = (values: ControlValues, others: Partial<PlaygroundSettings> = {}) =>
    run({ cell: 'attention', values, ...others });
  /** T × T of one head. */
  const weightsOf = (values: ControlValues, T: number) => {
    const { general } = new PlaygroundWeights().model({ ...defaultPlayground, cell: 'attention', values });
    const ids = Uint8Array.from({ length: T + 1 }, (_, i) => (i * i * 7) % 26);
    return { general, heads: new Float64Reading(general, ids).trace.layers[0].values!.heads };
  };

  it('hot: every weight of a target t is 1 / (t + 1), and the gradient is level', async () => {
    const { heads } = weightsOf({ temperature: 100 }, 128);
    assert.equal(heads.length, 4);
    for (const weights of heads)
      for (const t of [0, 1, 7, 127])
        weights
          .subarray(t * 128, t * 128 + t + 1)
          .forEach((weight, s) => assert.ok(Math.abs(weight * (t + 1) - 1) < 0.06, `${t}, ${s}: ${weight}`));
    const { frame, largestWeight } = await attention({ temperature: 100 });
    assert.ok(Math.abs(largestWeight! * 128 - 1) < 0.06, String(largestWeight));
    assert.equal(frame.header.flows.length, 0, 'no state is carried');
    const [input] = frame.header.inputs!;
    assert.ok(input.level && Math.abs(input.level.slope) < 0.02, JSON.stringify(input));
  });

  it('with an infinite temperature, W_Q = 0: every weight of a target t is exactly 1 / (t + 1)', () => {
    // No slider goes there.
    const { general, heads } = weightsOf({ temperature: Infinity }, 40);
    assert.ok(general.layers[0].directions[0].own['Wqkv'].subarray(0, 32 * 32).every((value) => value === 0));
    assert.equal(heads.length, 4);
    for (const weights of heads)
      for (let t = 0; t < 40; t++)
        for (let s = 0; s <= t; s++) assert.ok(Math.abs(weights[t * 40 + s] * (t + 1) - 1) < 1e-12, `${t}, ${s}`);
  });

  it('cold: some weights of a target are near 1', async () => {
    const { largestWeight } = await attention({ temperature: 0.01 });
    assert.ok(largestWeight! > 0.9, String(largestWeight));
    assert.equal((await run({})).largestWeight, null, 'of a kind without heads');
  });

  it('hot and without positions: a letter gets the same gradient at every distance', async () => {
    // The MLP is as it is; what comes back through the values depends on the letter alone.
    const { frame } = await attention({ temperature: 100, positions: 'none' });
    const flow = seriesOf(frame, 'inputFlow', 0)!;
    const { tokens } = frame.header;
    const byLetter = new Map<string, number[]>();
    for (const [t, token] of tokens.entries())
      if (t < tokens.length - 1) byLetter.set(token, [...(byLetter.get(token) ?? []), flow[t]]);
    for (const [letter, values] of byLetter)
      assert.ok(Math.max(...values) - Math.min(...values) < 1e-5, `${letter}: ${values.join(', ')}`);
  });

  it('the level falls with the number of tokens, as 1 / (τ + 1), and not with the distance', async () => {
    const level = async (length: number) =>
      (await attention({ temperature: 100, positions: 'none' }, { length })).frame.header.inputs![0].level!.log10;
    const fall = (await level(512)) - (await level(64));
    assert.ok(Math.abs(fall - Math.log10(64 / 512)) < 0.2, String(fall));
  });

  it('is another with other positions', async () => {
    const flows = await Promise.all(
      ['learned', 'rotary', 'none'].map(async (positions) =>
        Array.from(seriesOf((await attention({ positions })).frame, 'inputFlow', 0)!),
      ),
    );
    assert.notDeepEqual(flows[0], flows[1]);
    assert.notDeepEqual(flows[1], flows[2]);
  });
});

describe('the depth of the playground', () => {
  /** log₁₀ of what is left below all layers at the target, relative to the top. */
  const depth = async (settings: Partial<PlaygroundSettings>) => {
    const { frame } = await run({ length: 32, ...settings });
    const { layers, target, inputs } = frame.header;
    assert.equal(inputs!.length, layers.length + 1);
    return seriesOf(frame, 'inputFlow', 0)![target] - seriesOf(frame, 'inputFlow', layers.length)![target];
  };

  for (const cell of cellNames) {
    it(`${cell}: 24 layers without residual and norm lose the gradient, with a residual they keep it`, async () => {
      const without = await depth({ cell, layers: 24, norm: 'none', residual: false });
      const within = await depth({ cell, layers: 24, norm: 'none', residual: true });
      assert.ok(without < within - 2, `${without} and ${within}`);
      assert.ok(within > -1.5, String(within));
    });
  }

  it('a layer above leaves the weights below as they are', async () => {
    const lowest = async (layers: number) => {
      const { frame } = await run({ layers });
      const { unitMap, tokens } = frame.header;
      return frame.data.slice(unitMap.offset, unitMap.offset + tokens.length * unitMap.units);
    };
    // By the kernels in float32, or in float64 where the gradient gets lost below.
    const [deep, alone] = [await lowest(3), await lowest(1)];
    assert.equal(deep.length, alone.length);
    deep.forEach((value, i) => assert.ok(Math.abs(value - alone[i]) < 1e-6, `${i}: ${value}, ${alone[i]}`));
  });
});

describe('the controls of the playground', () => {
  const controls = cellNames.flatMap((cell) => kindOf(cell).playground.controls.map((control) => ({ cell, control })));

  it('are the same under one name, but for the gate in their label', () => {
    const byName = new Map<string, unknown>();
    for (const { control } of controls) {
      const plain = { ...control, of: null };
      assert.deepEqual(byName.get(control.name) ?? plain, plain, control.name);
      byName.set(control.name, plain);
    }
  });

  it('are none of what is the same for all kinds, and stand within their limits', () => {
    for (const { control } of controls) {
      assert.ok(!Object.hasOwn(defaultPlayground, control.name), control.name);
      if (control.type === 'choice') assert.ok(control.choices.some(({ value }) => value === control.default));
      else assert.ok(control.min <= control.default && control.default <= control.max, control.name);
    }
  });

  it('give a frame wherever they stand, in which something changes', async () => {
    for (const { cell, control } of controls) {
      const ends = control.type === 'choice' ? control.choices.map(({ value }) => value) : [control.min, control.max];
      const frames = await Promise.all(
        ends.map((value) => run({ cell, length: 16, values: { [control.name]: value } })),
      );
      const losses = frames.map(({ frame }) => frame.header.loss);
      assert.ok(losses.every(Number.isFinite), `${cell} ${control.name}: ${losses.join(', ')}`);
      assert.equal(new Set(losses).size, losses.length, `${cell} ${control.name}: ${losses.join(', ')}`);
    }
  });

  it('draw nothing again: what moves only changes what is there', async () => {
    const draws = mock.method(Random.prototype, 'normal').mock;
    try {
      for (const cell of cellNames) {
        const playground = new Playground();
        const settings = { ...defaultPlayground, cell, length: 16 };
        await playground.run(settings, defaultThresholds);
        assert.ok(draws.callCount() > 0, cell);
        draws.resetCalls();
        for (const control of kindOf(cell).playground.controls)
          if (control.type === 'slider')
            for (const value of [control.min, control.max])
              await playground.run({ ...settings, values: { [control.name]: value } }, defaultThresholds);
        await playground.run({ ...settings, length: 32 }, defaultThresholds);
        assert.equal(draws.callCount(), 0, cell);
      }
    } finally {
      draws.restore();
    }
  });

  it('give the same bits again, and others with another seed', async () => {
    for (const cell of cellNames) {
      const losses = await Promise.all(
        [3, 3, 4].map(async (seed) => (await run({ cell, seed, length: 16 })).frame.header.loss),
      );
      assert.equal(losses[0], losses[1]);
      assert.notEqual(losses[0], losses[2]);
    }
  });

  it('refuse what none of them gives', async () => {
    const refused: readonly [Partial<PlaygroundSettings>, RegExp][] = [
      [{ values: { gain: 0 } }, /“Recurrent scale g \(spectral radius\)” is 0; it must be a number from 0.5 to 2/],
      [{ values: { gain: NaN } }, /is NaN/],
      [{ values: { activation: 'swish' } }, /“Activation” is “swish”; choose one of linear, tanh, relu/],
      [{ cell: 'lstm', values: { gateBias: 99 } }, /“Bias b: forget gate” is 99/],
      [{ cell: 'attention', values: { heads: '3' } }, /“Heads” is “3”/],
      [{ cell: 'attention', hiddenSize: 30, values: { heads: '4' } }, /heads/],
      [{ cell: 'mamba', values: { leastStep: '0.1' } }, /“Smallest step size Δ” is 0.1/],
      [{ length: 0 }, /length/],
      [{ layers: 25 }, /number of layers/],
      [{ hiddenSize: 5000 }, /hidden size/],
      [{ cell: 'qrnn' as CellName }, /qrnn/],
    ];
    for (const [wrong, sentence] of refused) {
      await assert.rejects(run(wrong), (error: unknown) => {
        assert.ok(error instanceof UserError, JSON.stringify(wrong));
        assert.match(error.message, sentence);
        return true;
      });
    }
  });

  it('of another kind say nothing', async () => {
    const [{ frame: one }, { frame: other }] = [await run({}), await run({ values: { temperature: 3, heads: '3' } })];
    assert.equal(one.header.loss, other.header.loss);
  });

  it('end where nobody waits for the answer any longer', async () => {
    let parts = 0;
    const canceled = new Error('canceled');
    const ends = new Playground().run(defaultPlayground, defaultThresholds, () => {
      if (++parts > 1) throw canceled;
      return Promise.resolve();
    });
    await assert.rejects(ends, canceled);
  });
});
