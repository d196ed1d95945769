/** Sequences of numbers and their squared errors beside PyTorch's in float64: RNN, LSTM and GRU, one and two layers; and beside differences of the loss, of the other kinds too. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NumberSequences } from '../../../src/core/corpus/numberSequences';
import { float64Gradient } from '../../../src/core/float64/float64Backward';
import { inputFlow, perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64, windowOfText, type Float64Trace } from '../../../src/core/float64/float64Trace';
import { layerBack } from '../../../src/core/float64/layerBack';
import { LowestInput } from '../../../src/core/float64/lowestInput';
import { plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { eachRole } from '../../../src/core/model/directionParameters';
import type { GeneralModel } from '../../../src/core/model/generalModel';
import { initialize } from '../../../src/core/model/initialize';
import { takeRows, type NumberRows } from '../../../src/core/model/numberRows';
import { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Random } from '../../../src/core/model/random';
import type { Activation } from '../../../src/layers/activation';
import type { CellName } from '../../../src/layers/catalog';
import { assertClose, assertNear } from '../../reference/compare';
import type { ReferenceParameters } from '../../reference/model';
import { backendNames, benchFor, parametersOf } from '../support/models';
import { inFloat64 } from '../support/inFloat64';

interface Layer {
  readonly W: number[];
  readonly R: number[];
  readonly Wb: number[];
  readonly Rb: number[];
}

interface NumberCase {
  readonly cell: CellName;
  readonly activation: Activation;
  readonly hiddenSize: number;
  readonly features: number;
  readonly outputs: number;
  readonly parameters: {
    readonly layers: readonly Layer[];
    readonly output: { readonly W: number[]; readonly b: number[] };
  };
  /** Inputs flat, [T, features]. */
  readonly sequences: readonly { readonly inputs: number[]; readonly targets: number[] }[];
  readonly loss: number;
  readonly gradients: NumberCase['parameters'];
  /** Of the first sequence alone: log₁₀ of lengths, by layer and step. */
  readonly first: {
    readonly loss: number;
    readonly predicted: number[];
    readonly hidden: number[][];
    readonly cell?: number[][];
    readonly input: number[];
    readonly inputGradients: number[];
  };
}

const folder = 'test/vectors/data/numbers';
const cases = readdirSync(folder).map((file): [string, NumberCase] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(join(folder, file), 'utf8')) as NumberCase,
]);

function configOf({ cell, activation, hiddenSize, features, outputs, parameters }: NumberCase): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell,
    activation,
    hiddenSize,
    layers: parameters.layers.length,
    objective: 'squaredError',
    features,
    vocabularySize: outputs,
  });
}

/** With the vectors' own float64 parameters. */
function modelOf(vectors: NumberCase): GeneralModel {
  const general = generalModelOf(configOf(vectors), new Parameters(configOf(vectors)));
  const exact = (values: number[]) => Float64Array.from(values);
  return {
    ...general,
    layers: general.layers.map((layer, l) => {
      const { W, R, Wb, Rb } = vectors.parameters.layers[l];
      const own = { W: exact(W), R: exact(R), Wb: exact(Wb), Rb: exact(Rb) };
      return { ...layer, directions: layer.directions.map((direction) => ({ ...direction, ...own })) };
    }),
    output: { W: exact(vectors.parameters.output.W), b: exact(vectors.parameters.output.b) },
  };
}

function corpusOf({ sequences, features, outputs }: NumberCase): { numbers: NumberRows; ends: Uint32Array } {
  let end = 0;
  return {
    numbers: {
      inputs: Float64Array.from(sequences.flatMap(({ inputs }) => inputs)),
      inputSize: features,
      targets: Float64Array.from(sequences.flatMap(({ targets }) => targets)),
      outputSize: outputs,
    },
    ends: Uint32Array.from(sequences, ({ inputs }) => (end += inputs.length / features)),
  };
}

/** One sequence, its error one of `predicted`. */
function readSequence(
  model: GeneralModel,
  { inputs, targets }: NumberCase['sequences'][number],
  predicted = 1,
): Float64Trace {
  const [{ inputSize }] = model.layers;
  const T = inputs.length / inputSize;
  const numbers = {
    inputs: Float64Array.from(inputs),
    inputSize,
    targets: Float64Array.from(targets),
    outputSize: targets.length,
  };
  const ids = Int32Array.from({ length: T }, (_, t) => t);
  const ofTargets = Int32Array.from({ length: T }, (_, t) => (t === T - 1 ? 0 : -1));
  return readInFloat64(model, ids, ofTargets, { ...windowOfText(ids), predicted, numbers });
}

for (const [name, vectors] of cases) {
  const { first, sequences } = vectors;
  const model = modelOf(vectors);

  describe(`numbers, ${name}: within 1e-10 of PyTorch in float64`, () => {
    it('loss and parameter gradients of a batch of sequences of several lengths', () => {
      const found = sequences.map((sequence) => {
        const trace = readSequence(model, sequence, sequences.length);
        return { loss: trace.loss, gradient: float64Gradient(trace) };
      });
      assertNear(
        found.reduce((sum, { loss }) => sum + loss, 0),
        vectors.loss,
        1e-12,
        'loss',
      );
      const summed = (pick: (gradient: ReturnType<typeof float64Gradient>) => ArrayLike<number>) =>
        found.map(({ gradient }) => Array.from(pick(gradient))).reduce((a, b) => a.map((value, i) => value + b[i]));
      vectors.gradients.layers.forEach((layer, l) => {
        for (const role of ['W', 'R', 'Wb', 'Rb'] as const)
          assertClose(
            summed(({ layers }) => layers[l][0][role]),
            layer[role],
            1e-10,
            `${role} of layer ${l}`,
          );
      });
      for (const role of ['W', 'b'] as const)
        assertClose(
          summed(({ output }) => output[role]),
          vectors.gradients.output[role],
          1e-10,
          `output ${role}`,
        );
    });

    it('what is predicted, and the gradients by every state and number', async () => {
      const trace = readSequence(model, sequences[0]);
      const target = trace.steps - 1;
      assertNear(trace.loss, first.loss, 1e-12, 'loss');
      assertClose(trace.probabilities.subarray(target * vectors.outputs), first.predicted, 1e-12, 'predicted');
      const flow = await perTargetInFloat64(trace, target);
      first.hidden.forEach((expected, l) => {
        const [[hidden, cell]] = flow.norms[l];
        expected.forEach((value, t) => assertNear(hidden[t], value, 1e-10, `h of layer ${l}, step ${t}`, true));
        first.cell?.[l].forEach((value, t) => assertNear(cell[t], value, 1e-10, `c of layer ${l}, step ${t}`, true));
      });
      const input = inputFlow(flow, new LowestInput(model, trace.steps));
      first.input.forEach((value, t) => assertNear(input[t], value, 1e-10, `input, step ${t}`, true));
      let above: Float64Array = new Float64Array(trace.steps * vectors.hiddenSize);
      const error = Array.from(first.predicted, (y, i) => (2 / vectors.outputs) * (y - sequences[0].targets[i]));
      for (let u = 0; u < vectors.hiddenSize; u++)
        above[target * vectors.hiddenSize + u] = error.reduce(
          (sum, each, i) => sum + each * model.output.W[i * vectors.hiddenSize + u],
          0,
        );
      for (let l = model.layers.length - 1; l >= 0; l--) above = layerBack(trace, l, above, null, false).below!;
      assertClose(above, first.inputGradients, 1e-10, '∂ℓ/∂x_t, each number');
    });
  });

  for (const backend of backendNames) {
    describe(`numbers, ${name} on ${backend}: within 1e-4 of PyTorch in float64`, () => {
      const config = configOf(vectors);

      it('loss and parameter gradients of a padded batch', async () => {
        const { numbers, ends } = corpusOf(vectors);
        const settings = { batch: ends.length, seed: null, longest: 100 };
        const reader = new NumberSequences({ ends, first: 0, last: ends.length }, settings, numbers);
        const { batch, steps } = reader;
        const { tape, forward, backward } = await benchFor(
          backend,
          config,
          parametersOf(config, referenceOf(vectors)),
          { steps, batch },
        );
        tape.resize(reader.next(tape.inputs, tape.targets, tape.lengths).steps);
        takeRows(tape.embedded, numbers.inputs, numbers.inputSize, tape.inputs);
        takeRows(tape.targetNumbers, numbers.targets, numbers.outputSize, tape.targets);
        await forward.run();
        await backward.run({ truncation: 0 });
        assertNear(tape.loss, vectors.loss, 1e-4, 'loss');
        const { gradient } = backward;
        vectors.gradients.layers.forEach((layer, l) => {
          for (const role of ['W', 'R', 'Wb', 'Rb'] as const)
            assertClose(gradient.layers[l][0][role], layer[role], 1e-4, `${role} of layer ${l}`);
        });
        for (const role of ['W', 'b'] as const)
          assertClose(gradient.output[role], vectors.gradients.output[role], 1e-4, `output ${role}`);
      });

      it('gradients by every state and step of one sequence', async () => {
        const { numbers } = corpusOf(vectors);
        const steps = sequences[0].inputs.length / vectors.features;
        const { tape, forward, backward, perTarget, input } = await benchFor(
          backend,
          config,
          parametersOf(config, referenceOf(vectors)),
          { steps, batch: 1 },
        );
        tape.inputs.forEach((_, t) => (tape.inputs[t] = t));
        tape.targets.fill(-1).set([0], steps - 1);
        takeRows(tape.embedded, numbers.inputs, numbers.inputSize, tape.inputs);
        takeRows(tape.targetNumbers, numbers.targets, numbers.outputSize, tape.targets);
        await forward.run();
        await backward.run({ truncation: 0 });
        const flows = await perTarget.run(steps - 1);
        first.hidden.forEach((expected, l) => {
          expected.forEach((value, t) => {
            assertNear(flows[l][0][0][t], value, 1e-4, `h of layer ${l}, step ${t}`, true);
            // Nothing else is predicted, so that the total gradient is the target's.
            assertNear(Math.log10(backward.totals[l][0][0][t]), value, 1e-4, `total of layer ${l}, step ${t}`, true);
          });
          first.cell?.[l].forEach((value, t) => assertNear(flows[l][0][1][t], value, 1e-4, `c, step ${t}`, true));
        });
        (await input.flow(perTarget)).forEach((value, t) =>
          assertNear(value, first.input[t], 1e-4, `input, step ${t}`, true),
        );
      });
    });
  }
}

/** As `parametersOf` takes them. */
function referenceOf({ parameters }: NumberCase): ReferenceParameters {
  return parameters as unknown as ReferenceParameters;
}

describe('the gradient of a squared error beside differences of it', () => {
  const stacks: Readonly<
    Record<string, Partial<ModelConfig> & { readonly cell: CellName; readonly norm?: 'layerNorm' }>
  > = {
    rnn: { cell: 'rnn' },
    lstm: { cell: 'lstm' },
    gru: { cell: 'gru' },
    minGRU: { cell: 'minGRU' },
    minLSTM: { cell: 'minLSTM' },
    'lstm with LayerNorm': { cell: 'lstm', norm: 'layerNorm', finalNorm: 'layerNorm' },
  };

  for (const [name, { cell, norm = 'none', finalNorm = 'none' }] of Object.entries(stacks)) {
    it(`${name}, two layers: every parameter`, () => {
      const config = uniformModel({
        ...{ ...plainStack, cell, norm, finalNorm, activation: 'tanh', hiddenSize: 4, layers: 2 },
        ...{ objective: 'squaredError', features: 2, vocabularySize: 2 },
      });
      const random = Random.fromSeed(3);
      const general = inFloat64(generalModelOf(config, initialize(config, random)));
      const inputs = Array.from({ length: 7 * 2 }, () => random.between(-1, 1));
      const sequence = { inputs, targets: [0.3, -0.8] };
      const lossNow = () => readSequence(general, sequence).loss;
      const gradient = float64Gradient(readSequence(general, sequence));
      const check = (values: Float64Array, slopes: ArrayLike<number>, what: string) => {
        for (let i = 0; i < values.length; i++) {
          const [own, step] = [values[i], 1e-5];
          values[i] = own + step;
          const above = lossNow();
          values[i] = own - step;
          const difference = (above - lossNow()) / (2 * step);
          values[i] = own;
          assert.ok(
            Math.abs(difference - slopes[i]) < 1e-8,
            `${what} ${i}: ${slopes[i]}, by differences ${difference}`,
          );
        }
      };
      general.layers.forEach(({ directions: [direction] }, l) => {
        const own = new Map(eachRole(cell, gradient.layers[l][0]).map(([{ role }, values]) => [role, values]));
        for (const [{ role }, values] of eachRole(cell, direction))
          check(values as Float64Array, own.get(role)!, `${role} of layer ${l}`);
      });
      check(general.output.W as Float64Array, gradient.output.W, 'output W');
      check(general.output.b as Float64Array, gradient.output.b, 'output b');
    });
  }
});
