/** ∂/∂x_t of what the lowest layer reads: far beyond what float64 holds, exactly zero, as a sum over targets, and by central differences. */
import { strict as assert } from 'node:assert';
import { float64Gradient } from '../../../../src/core/float64/float64Backward';
import { inputMatrixInFloat64 } from '../../../../src/core/float64/float64InputMatrix';
import { perTargetInFloat64, lowestInputFlow } from '../../../../src/core/float64/float64PerTarget';
import { readInFloat64, type Float64Trace } from '../../../../src/core/float64/float64Trace';
import { LowestInput } from '../../../../src/core/float64/lowestInput';
import {
  plainAround,
  type GeneralDirection,
  type GeneralLayer,
  type GeneralModel,
} from '../../../../src/core/model/generalModel';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { Float64Reading } from '../../../../src/engine/inspect/reading';
import { assertClose, assertNear } from '../../../reference/compare';
import { farCaseNames, loadFarCase } from '../../../reference/vectors';
import { configOf, parametersOf, randomModel, readProbe } from '../../support/models';

const read = (model: GeneralModel, ids: readonly number[]) =>
  readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
const flowOf = async (trace: Float64Trace, target: number) =>
  lowestInputFlow((await perTargetInFloat64(trace, target)).lowest, new LowestInput(trace.model, trace.steps));

describe('the input gradient where float64 has long given up', () => {
  // A chaotic trajectory cannot be computed again in any precision; with the kernels its states are given (coreKnown.test.ts).
  for (const far of farCaseNames.map(loadFarCase).filter(({ hidden }) => hidden === null)) {
    it(`${far.name}: log₁₀ beside multiple precision`, async () => {
      const config = configOf(far.model);
      const general = generalModelOf(config, parametersOf(config, far.model));
      const [layer] = far.model.layers;
      // The very numbers, not rounded to float32.
      const model = {
        ...general,
        layers: [{ ...general.layers[0], directions: [{ ...general.layers[0].directions[0], ...layer }] }],
        output: far.model.output,
      };
      const trace = read(model, far.ids);
      (await flowOf(trace, trace.steps - 1)).forEach((value, t) => {
        assertNear(value, far.inputLog10[t], 1e-9, `step ${t}`, true);
      });
    });
  }
});

describe('the input of a dead relu', () => {
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'relu',
    layers: 1,
    hiddenSize: 2,
    vocabularySize: 2,
  });
  const parameters = new Parameters(config);
  const [{ W, R, Wb }] = parameters.layers[0];
  // Token 1 shuts every unit, and with it the way to what was read before.
  W.set([1, -9, 2, -9]);
  R.set([0.5, 0, 0, 0.5]);
  Wb.fill(0.5);
  parameters.output.W.set([1, -1, 0.5, 0.25]);
  const ids = [0, 0, 1, 0, 0, 1];

  it('has a gradient of exactly zero, and what comes after the target none', async () => {
    const target = 3;
    const { perTarget, input } = await readProbe('wasm', config, parameters, ids);
    await perTarget.run(target);
    for (const flow of [
      await flowOf(read(generalModelOf(config, parameters), ids), target),
      await input.flow(perTarget),
    ]) {
      assert.deepEqual([...flow.subarray(0, 3)], [-Infinity, -Infinity, -Infinity]);
      assert.ok(Number.isFinite(flow[3]));
      assert.ok(Number.isNaN(flow[4]));
    }
  });
});

describe('the input gradients of all targets', () => {
  const kinds: [string, Partial<StackConfig>][] = [
    ['rnn', { cell: 'rnn' }],
    ['relu rnn', { cell: 'rnn', activation: 'relu', bidirectional: true }],
    ['lstm', { cell: 'lstm', bidirectional: true }],
    ['gru', { cell: 'gru', embeddingSize: 4 }],
  ];
  for (const [name, part] of kinds) {
    it(`divided by their number sum to that of the mean loss: ${name}`, async () => {
      const config = uniformModel({
        ...plainStack,
        activation: 'tanh',
        cell: 'rnn',
        layers: 2,
        hiddenSize: 5,
        vocabularySize: 7,
        ...part,
      });
      const { parameters, ids } = randomModel(config, 3, 30);
      const trace = read(generalModelOf(config, parameters), ids);
      const { lowest } = float64Gradient(trace);
      const width = lowest.length / trace.steps;
      const sum = new Float64Array(lowest.length);
      for (let target = 0; target < trace.steps; target++) {
        const { values, logScales } = (await perTargetInFloat64(trace, target)).lowest;
        for (let i = 0; i < sum.length; i++)
          sum[i] += (Math.exp(logScales[Math.floor(i / width)]) * (values[i] || 0)) / trace.steps;
      }
      assertClose(sum, lowest, 1e-12, '∂L/∂a');
    });
  }

  it('are the rows of the matrix, also of a vocabulary so large that W Wᵀ is used', async () => {
    for (const vocabularySize of [6, 400]) {
      const config = uniformModel({
        ...plainStack,
        activation: 'tanh',
        cell: 'gru',
        layers: 1,
        hiddenSize: 4,
        bidirectional: true,
        vocabularySize,
      });
      const { parameters, ids } = randomModel(config, 5, 25);
      const trace = read(generalModelOf(config, parameters), ids);
      const { steps: T } = trace;
      const matrix = await inputMatrixInFloat64(trace, () => Promise.resolve());
      const byProduct = new LowestInput(trace.model, 1);
      for (let target = 0; target < T; target++) {
        const row = lowestInputFlow((await perTargetInFloat64(trace, target)).lowest, byProduct);
        row.forEach((value, t) => {
          assertNear(matrix[target * T + t], value, 1e-10, `row ${target}, column ${t}`, true);
        });
      }
    }
  });
});

describe('the gradient of a model in the general form', () => {
  const random = Random.fromSeed(9);
  const drawn = (length: number) => Float64Array.from({ length }, () => random.between(-0.7, 0.7));
  const [V, E] = [9, 3];
  const form = (name: 'sigmoid' | 'tanh' | 'softsign') => ({ name, alpha: 1, beta: 0 });
  const direction = (
    name: 'forward' | 'backward',
    gates: number,
    H: number,
    I: number,
    part: Pick<GeneralDirection, 'activations' | 'peepholes' | 'initialStates'>,
  ): GeneralDirection => ({
    direction: name,
    W: drawn(gates * H * I),
    R: drawn(gates * H * H),
    Wb: drawn(gates * H),
    Rb: drawn(gates * H),
    own: {},
    ...part,
  });
  const peephole = (H: number) => ({
    activations: [form('sigmoid'), form('tanh'), form('softsign')],
    peepholes: drawn(3 * H),
    initialStates: [drawn(H), drawn(H)],
  });
  const layer = (part: Pick<GeneralLayer, 'cell' | 'hiddenSize' | 'inputSize' | 'directions'>): GeneralLayer => ({
    options: {},
    clip: null,
    linearBeforeReset: false,
    ...plainAround,
    inputForget: false,
    source: '',
    ...part,
  });

  for (const inputForget of [false, true]) {
    const model: GeneralModel = {
      vocabularySize: V,
      embedding: drawn(V * E),
      layers: [
        {
          ...layer({
            cell: 'lstm',
            hiddenSize: 4,
            inputSize: E,
            directions: [direction('forward', 4, 4, E, peephole(4)), direction('backward', 4, 4, E, peephole(4))],
          }),
          inputForget,
        },
        layer({
          cell: 'gru',
          hiddenSize: 3,
          inputSize: 8,
          directions: [
            direction('forward', 3, 3, 8, {
              activations: [form('sigmoid'), form('tanh')],
              peepholes: null,
              initialStates: [drawn(3)],
            }),
          ],
        }),
      ],
      norm: { kind: 'layerNorm', gamma: drawn(3), beta: drawn(3), epsilon: 1e-5 },
      output: { W: drawn(V * 3), b: drawn(V) },
    };
    // No token twice: then ∂L/∂x_t is the gradient of a row of the embedding.
    const ids = [4, 0, 7, 2, 8, 1, 5, 3];
    const steps = ids.length - 1;
    const loss = () => read(model, ids).loss;

    it(`is that of central differences, for every parameter by its name and every input (${inputForget ? 'coupled gates' : 'peepholes, mixed cells, a norm'})`, async () => {
      const { norms, input } = await new Float64Reading(model, Int32Array.from(ids)).totalsWithInput();
      const named: Record<string, Float64Array> = { 'embedding.weight': model.embedding as Float64Array };
      model.layers.forEach(({ directions }, l) =>
        directions.forEach(({ direction: name, W, R, Wb, Rb, peepholes }) => {
          const suffix = `_l${l}${name === 'backward' ? '_reverse' : ''}`;
          const own = {
            weight_ih: W,
            weight_hh: R,
            bias_ih: Wb,
            bias_hh: Rb,
            ...(peepholes && { peephole: peepholes }),
          };
          for (const [role, values] of Object.entries(own)) named[`rnn.${role}${suffix}`] = values as Float64Array;
        }),
      );
      Object.assign(named, {
        'norm.weight': model.norm!.gamma,
        'norm.bias': model.norm!.beta,
        'output.weight': model.output.W,
        'output.bias': model.output.b,
      });
      assert.deepEqual(Object.keys(norms.parameterNorms), Object.keys(named));
      for (const [name, values] of Object.entries(named)) {
        const gradient = centralDifferences(values, loss);
        assertNear(norms.parameterNorms[name], Math.hypot(...gradient), 1e-7, name);
        if (name === 'embedding.weight') {
          for (let t = 0; t < steps; t++)
            assertNear(
              input[t],
              Math.hypot(...gradient.slice(ids[t] * E, (ids[t] + 1) * E)),
              1e-6,
              `‖∂L/∂x‖ of step ${t}`,
            );
        }
      }
    });

    it(`of one target likewise (${inputForget ? 'coupled gates' : 'peepholes, mixed cells, a norm'})`, async () => {
      const reading = new Float64Reading(model, Int32Array.from(ids));
      for (const target of [2, steps - 1]) {
        const gradient = centralDifferences(
          model.embedding as Float64Array,
          () => -read(model, ids).targetLogProbabilities[target],
        );
        (await reading.inputFlow(target)).forEach((value, t) => {
          assertNear(
            value,
            Math.log10(Math.hypot(...gradient.slice(ids[t] * E, (ids[t] + 1) * E))),
            1e-6,
            `target ${target}, step ${t}`,
            true,
          );
        });
      }
    });
  }
});

function centralDifferences(values: Float64Array, f: () => number): number[] {
  const epsilon = 1e-5;
  return Array.from(values, (value, i) => {
    values[i] = value + epsilon;
    const above = f();
    values[i] = value - epsilon;
    const below = f();
    values[i] = value;
    return (above - below) / (2 * epsilon);
  });
}
