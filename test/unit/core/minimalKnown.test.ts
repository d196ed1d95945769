/** Facts about minGRU and minLSTM: closed forms, sums that must come out whole, and reference numbers of plain steps in PyTorch's float64. */
import { strict as assert } from 'node:assert';
import { contributionsTo } from '../../../src/core/analysis/contributions';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64, type Float64Trace } from '../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { plainAround, type GeneralModel } from '../../../src/core/model/generalModel';
import { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Random } from '../../../src/core/model/random';
import { unitValues } from '../../../src/engine/inspect/states';
import { kindOf } from '../../../src/layers/catalog';
import { assertClose, assertNear } from '../../reference/compare';
import { backendNames, randomModel, readProbe } from '../support/models';

const cells = ['minGRU', 'minLSTM'] as const;

function oneLayer(cell: (typeof cells)[number], positive: boolean, hiddenSize = 6, vocabularySize = 5): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    options: { positive },
    layers: 1,
    hiddenSize,
    vocabularySize,
  });
}

function read(config: ModelConfig, parameters: Parameters, ids: readonly number[]): Float64Trace {
  const tokens = Int32Array.from(ids);
  return readInFloat64(generalModelOf(config, parameters), tokens.subarray(0, -1), tokens.subarray(1));
}

/** Log₁₀‖∂ℓ_τ/∂h_t‖ of the last target. */
async function flowOf(trace: Float64Trace): Promise<Float64Array> {
  const { norms } = await perTargetInFloat64(trace, trace.steps - 1);
  return norms[0][0][0];
}

describe('minGRU and minLSTM with gates that are held', () => {
  const ids = Array.from({ length: 401 }, (_, t) => (3 * t + (t >> 2)) % 5);
  const held = {
    /** z = σ(b): a step leaves 1 − z. */
    minGRU: (biases: Float32Array, H: number, b: number) => {
      biases.fill(b, 0, H);
      return 1 / (1 + Math.exp(b));
    },
    /** f = σ(b) and i = σ(−1): a step leaves f / (f + i). */
    minLSTM: (biases: Float32Array, H: number, b: number) => {
      biases.fill(b, 0, H);
      biases.fill(-1, H, 2 * H);
      const [f, i] = [1 / (1 + Math.exp(-b)), 1 / (1 + Math.E)];
      return f / (f + i);
    },
  };
  for (const cell of cells) {
    for (const bias of [-3, 0.5, 2]) {
      it(`${cell}: the gradient shrinks by exactly that factor a step, for 400 steps (bias ${bias})`, async () => {
        const config = oneLayer(cell, false);
        const { parameters } = randomModel(config, 1, 2);
        const { W, Wb } = parameters.layers[0][0];
        const H = config.layers[0].hiddenSize;
        // All but the candidate's block.
        W.fill(0, 0, W.length - H * config.vocabularySize);
        const factor = Math.log10(held[cell](Wb, H, bias));
        const flow = await flowOf(read(config, parameters, ids));
        const last = flow.length - 1;
        flow.forEach((log10, t) => assertNear(log10, flow[last] + (last - t) * factor, 1e-9, `step ${t}`, true));
        for (const backend of backendNames) {
          const { perTarget } = await readProbe(backend, config, parameters, ids);
          const [[[found]]] = await perTarget.run(last);
          found.forEach((log10, t) => assertNear(log10, flow[t], 1e-3, `${backend}, step ${t}`, true));
        }
      });
    }
  }
});

describe('one layer of minGRU or minLSTM', () => {
  for (const cell of cells) {
    for (const positive of [false, true]) {
      const config = oneLayer(cell, positive, 9, 6);
      const { parameters, ids } = randomModel(config, 4, 41);
      const trace = read(config, parameters, ids);
      const { steps: T } = trace;
      const [{ hiddenSize: H }] = trace.layers;
      const name = `${cell}${positive ? ', positive' : ''}`;
      const factors = unitValues(trace, 0, 0, 'keepingFactor');

      it(`${name}: no gate sees h, so that δ_t = δ_τ ⊙ Π factors, unit by unit`, async () => {
        const flow = await flowOf(trace);
        const target = T - 1;
        const { W } = trace.model.output;
        const delta = new Float64Array(H);
        for (let v = 0; v < 6; v++) {
          const error = trace.probabilities[target * 6 + v] - Number(v === trace.targets[target]);
          for (let u = 0; u < H; u++) delta[u] += error * W[v * H + u];
        }
        for (let t = target; t >= 0; t--) {
          assertNear(flow[t], Math.log10(Math.hypot(...delta)), 1e-5, `step ${t}`, true);
          for (let u = 0; u < H; u++) delta[u] *= factors[t * H + u];
        }
      });

      it(`${name}: the keeping factor is what the state is multiplied by`, () => {
        const gates = kindOf(cell).gates.length;
        const { gates: values } = trace.layers[0].directions[0];
        factors.forEach((factor, i) => {
          const at = (i - (i % H)) * gates + (i % H);
          const [first, second] = [values[at], values[at + H]];
          assertNear(factor, cell === 'minGRU' ? 1 - first : first / (first + second), 1e-6, `entry ${i}`);
        });
      });

      it(`${name}: contributions are complete to 1e-10`, () => {
        const { W } = trace.model.output;
        const [hidden] = trace.layers[0].directions[0].states;
        for (const step of [0, 7, T - 1]) {
          for (let symbol = 0; symbol < 6; symbol++) {
            const found = contributionsTo(trace, W, symbol, step)!;
            const whole = hidden
              .subarray((step + 1) * H, (step + 2) * H)
              .reduce((sum, h, u) => sum + h * W[symbol * H + u], 0);
            const parts = found.parts.reduce((sum, part) => sum + part, found.carriedIn);
            assert.ok(Math.abs(parts - whole) < 1e-10, `${parts} for ${whole}`);
            assert.ok(found.parts.slice(step + 1).every((part) => part === 0));
          }
        }
      });
    }
  }
});

describe('gates that are as good as shut', () => {
  it('leave the shares of minLSTM finite and right, and its gradient', async () => {
    const config = oneLayer('minLSTM', false, 1, 3);
    const parameters = new Parameters(config);
    const { W, Wb } = parameters.layers[0][0];
    // f and i are both e^−800, so that each has half of the state.
    Wb.set([-800, -800, 0]);
    W.set([0, 0, 0, 0, 0, 0, 1, 2, 4]);
    parameters.output.W.set([1, -1, 0.5]);
    const trace = read(config, parameters, [0, 1, 2, 0]);
    assertClose(trace.layers[0].directions[0].states[0], [0, 0.5, 1.25, 2.625], 1e-12, 'h');
    const flow = await flowOf(trace);
    assertNear(flow[0], flow[2] + 2 * Math.log10(0.5), 1e-12, 'flow', true);
  });
});

describe('the first parameters', () => {
  it('are those of nn.Linear: uniform in ±1/√I, I what the layer reads', () => {
    for (const cell of cells) {
      const config = uniformModel({
        ...plainStack,
        cell,
        activation: 'tanh',
        layers: 2,
        hiddenSize: 100,
        vocabularySize: 20,
        embeddingSize: 25,
      });
      const { layers } = initialize(config, Random.fromSeed(5));
      for (const [layer, bound] of [
        [0, 0.2],
        [1, 0.1],
      ]) {
        const { W, Wb, R, Rb } = layers[layer][0];
        for (const values of [W, Wb]) {
          const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
          assert.ok(largest <= bound && largest > 0.95 * bound, `${largest} of ${bound}`);
        }
        assert.equal(R.length + Rb.length, 0);
      }
    }
  });

  it('take the forget-gate bias of minLSTM', () => {
    const config = oneLayer('minLSTM', false);
    const settings = { initialization: 'xavier', initScale: 1, forgetBias: 1.5 } as const;
    const { Wb } = initialize(config, Random.fromSeed(5), settings).layers[0][0];
    assert.deepEqual(Array.from(Wb), [...Array<number>(6).fill(1.5), ...Array<number>(12).fill(0)]);
  });
});

/** Weights that any language can repeat: element k of parameter p is s · sin(1 + 0.7 p + 1.3 k). */
function portable(p: number, length: number, s = 0.5): Float64Array {
  return Float64Array.from({ length }, (_, k) => s * Math.sin(1 + 0.7 * p + 1.3 * k));
}

function portableIds(count: number, V: number): number[] {
  let s = 1;
  return Array.from({ length: count }, () => (s = (75 * s + 74) % 65537) % V);
}

describe('portable weights, 201 tokens', () => {
  const [V, d] = [5, 4];
  const ids = portableIds(202, V);
  const cases = [
    {
      cell: 'minGRU',
      positive: true,
      loss: 1.6681381694895,
      targetLoss: 2.1306825728577,
      norms: [1.02634742002, 0.512792022877, 1.27638324091e-3, 1.16052059658e-11, 1.40973605662e-41],
    },
    {
      cell: 'minGRU',
      positive: false,
      loss: 1.7598691112891,
      targetLoss: 2.3391637870373,
      norms: [1.10234544176, 0.549803905665, 1.67722967909e-3, 1.79337567615e-11, 2.17849892824e-41],
    },
    {
      cell: 'minLSTM',
      positive: false,
      loss: 1.7216452590506,
      targetLoss: 1.1881055383152,
      norms: [0.648270433672, 0.372225116432, 7.957365735e-4, 7.341387133e-14, 7.41551069416e-51],
    },
  ] as const;

  it('are read as they were meant', () => {
    assert.deepEqual(ids.slice(0, 12), [4, 4, 0, 4, 3, 4, 3, 4, 2, 1, 2, 1]);
  });

  for (const { cell, positive, loss, targetLoss, norms } of cases) {
    it(`${cell}${positive ? ', positive' : ''}: losses, and ‖∂ℓ_τ/∂h‖ at lags 0, 1, 10, 50 and 200`, async () => {
      const blocks = kindOf(cell).gates.length;
      const W = new Float64Array(blocks * d * d);
      const Wb = new Float64Array(blocks * d);
      for (let block = 0; block < blocks; block++) {
        W.set(portable(3 + 2 * block, d * d), block * d * d);
        Wb.set(portable(4 + 2 * block, d), block * d);
      }
      const none = new Float64Array(0);
      const model: GeneralModel = {
        vocabularySize: V,
        embedding: portable(0, V * d, 1),
        layers: [
          {
            cell,
            options: { positive },
            hiddenSize: d,
            inputSize: d,
            directions: [
              {
                direction: 'forward',
                W,
                R: none,
                Wb,
                Rb: none,
                own: {},
                peepholes: null,
                activations: [],
                initialStates: [],
              },
            ],
            ...plainAround,
            clip: null,
            linearBeforeReset: true,
            inputForget: false,
            source: 'test',
          },
        ],
        norm: null,
        output: { W: portable(1, V * d), b: portable(2, V) },
      };
      const tokens = Int32Array.from(ids);
      const trace = readInFloat64(model, tokens.subarray(0, -1), tokens.subarray(1));
      assertNear(trace.loss, loss, 1e-12, 'mean loss');
      assertNear(-trace.targetLogProbabilities[200], targetLoss, 1e-12, 'ℓ_τ');
      const flow = await flowOf(trace);
      [0, 1, 10, 50, 200].forEach((lag, i) => assertNear(10 ** flow[200 - lag], norms[i], 1e-9, `lag ${lag}`));
    });
  }
});
