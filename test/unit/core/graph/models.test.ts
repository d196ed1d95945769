import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient } from '../../../../src/core/graph/gradient';
import { declaredShape } from '../../../../src/core/graph/model';
import { OperatorError } from '../../../../src/core/graph/operatorError';
import { GraphProgram, type GraphRun } from '../../../../src/core/graph/run';
import type { Step } from '../../../../src/core/graph/step';
import type { Variable } from '../../../../src/core/graph/variable';
import { floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import { dataType, type ModelProto, type ValueInfoProto } from '../../../../src/formats/onnx/messages';
import { decodeOnnx } from '../../../../src/formats/onnx/onnxFile';
import {
  onnxFolder,
  onnxModels,
  onnxReference,
  zeroLogarithm,
  type OnnxReference,
} from '../../../reference/onnxReferences';
import { variable } from './support';

/** Of what PyTorch's references keep, which is eight digits; that of a float32 file is as good. */
const tolerance = 2e-6;

/** Files that take other tokens than a whole text of any length, or give other things than the scores of every step. */
const other =
  /\.(argmax|channels|fixed|last|last_hidden|rows_in|single_step)-|one_text_zeros-script|keras-lstm-last|\.external\./;

describe('graph mode: files of other tools beside PyTorch', () => {
  for (const { file, reference } of onnxModels().filter(({ file: name }) => !other.test(name))) {
    it(file, () => {
      check(decodeOnnx(readFileSync(join(onnxFolder, file)), file), onnxReference(reference));
    });
  }
});

/** Ids as the graph declares them; lengths are the whole text's, states zero. */
function inputsOf({ graph }: ModelProto, reference: OnnxReference, timeFirst: boolean): Map<string, Tensor> {
  const T = reference.ids.length - 1;
  const ids = reference.ids.slice(0, T);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return new Map(
    graph.input
      .filter(({ name }) => !constants.has(name))
      .map((input, i): [string, Tensor] => {
        const lengths = declaredShape(input)?.map((length) => length ?? 1) ?? [];
        if (i > 0)
          return [
            input.name,
            isOfIntegers(input)
              ? integers(lengths, lengths.length === 0 ? [T] : new Array<number>(lengths[0]).fill(T))
              : floats(lengths),
          ];
        const shape = lengths.length === 1 ? [T] : timeFirst ? [T, 1] : [1, T];
        return [input.name, isOfIntegers(input) ? integers(shape, ids) : floats(shape, Float64Array.from(ids))];
      }),
  );
}

function isOfIntegers({ type }: ValueInfoProto): boolean {
  return type?.tensorType?.elemType === dataType.int64 || type?.tensorType?.elemType === dataType.int32;
}

interface Read {
  readonly run: GraphRun;
  readonly output: Variable;
  readonly loss: number;
  /** ∂ℓ_t/∂output of every step t, whose other rows are zero. */
  readonly seeds: readonly Float64Array[];
}

function read(model: ModelProto, reference: OnnxReference, timeFirst: boolean): Read {
  const run = new GraphProgram(model, () => {
    throw new Error('nothing lies outside');
  }).run(inputsOf(model, reference, timeFirst));
  const output = variable(run, model.graph.output[0].name);
  const T = reference.ids.length - 1;
  const { data } = output.tensor;
  const V = data.length / T;
  const isProbability =
    data.every((value) => value >= 0 && value <= 1) &&
    Math.abs(data.subarray(0, V).reduce((sum, value) => sum + value, 0) - 1) < 1e-6;
  let loss = 0;
  const seeds = Array.from({ length: T }, (_, t) => {
    const target = reference.ids[t + 1];
    const scores = data.subarray(t * V, (t + 1) * V).map((score) => (isProbability ? Math.log(score) : score));
    const largest = Math.max(...scores);
    const normalizer = largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0));
    loss += (normalizer - scores[target]) / T;
    const seed = new Float64Array(data.length);
    scores.forEach((score, v) => {
      const byScore = Math.exp(score - normalizer) - Number(v === target);
      seed[t * V + v] = isProbability ? byScore / data[t * V + v] : byScore;
    });
    return seed;
  });
  return { run, output, loss, seeds };
}

function check(model: ModelProto, reference: OnnxReference): void {
  // A declared shape does not say which axis is the time.
  const attempts = [false, true].map((timeFirst) => {
    try {
      return read(model, reference, timeFirst);
    } catch (error) {
      if (error instanceof OperatorError) return error;
      throw error;
    }
  });
  const found = attempts.find(
    (attempt) => 'loss' in attempt && Math.abs(attempt.loss - reference.loss) < tolerance * reference.loss,
  );
  assert.ok(
    found && 'loss' in found,
    `the loss is not ${reference.loss}: ${attempts.map((attempt) => ('loss' in attempt ? attempt.loss : attempt.message)).join('; ')}`,
  );
  const recurrent = found.run.tape.steps.filter(({ states }) => states.length > 0);
  const fits =
    recurrent.length === reference.layers.length &&
    recurrent.every((step, l) => directionsOf(step) === reference.layers[l].length);
  if (fits) checkStates(found, recurrent, reference);
}

/** [T, D, B, H], or with the batch in front. */
function directionsOf({
  states: [
    {
      tensor: { shape },
    },
  ],
}: Step): number {
  return shape[0] === 1 && shape[1] > 2 ? shape[2] : shape[1];
}

/** Gradients of the whole loss and of the last token's by the states of every layer, through all later steps. */
function checkStates({ run, output, seeds }: Read, recurrent: readonly Step[], reference: OnnxReference): void {
  const T = seeds.length;
  const by = differentiate(
    run.tape,
    recurrent.flatMap(({ states }) => [...states]),
  );
  const whole = new Float64Array(seeds[0].length);
  for (const seed of seeds)
    seed.forEach((value, i) => {
      whole[i] += value / T;
    });
  const total = by(new Map([[output, Gradient.of(whole)]]));
  const last = by(new Map([[output, Gradient.of(seeds[T - 1])]]));
  for (const [l, { states }] of recurrent.entries()) {
    const D = reference.layers[l].length;
    for (const [d, expected] of reference.layers[l].entries()) {
      for (const [k, state] of states.entries()) {
        const H = state.tensor.data.length / (T * D);
        const rows = (values: Float64Array) =>
          Float64Array.from({ length: T * H }, (_, i) => values[(Math.floor(i / H) * D + d) * H + (i % H)]);
        const normsOf = (gradient: Gradient | undefined) =>
          gradient
            ? Gradient.fromBands(
                T * H,
                new Map([...gradient.bands].map(([band, values]) => [band, rows(values)])),
              ).log10Norms([T, H], 0)
            : new Float64Array(T).fill(-Infinity);
        const what = `layer ${l}, direction ${d}, state ${k}`;
        const totals = (k === 0 ? expected.total_h : expected.total_c) ?? [];
        const logs = (k === 0 ? expected.per_target_h : expected.per_target_c) ?? [];
        const found = normsOf(total.get(state));
        const largest = Math.max(...totals);
        for (const [t, norm] of totals.entries())
          assert.ok(
            Math.abs(10 ** found[t] - norm) < 1e-5 * largest,
            `${what}, step ${t}: ‖∂L/∂s‖ is ${10 ** found[t]}, not ${norm}`,
          );
        const flow = normsOf(last.get(state));
        for (const [t, log] of logs.entries()) {
          const isZero = log === null || log === zeroLogarithm;
          assert.ok(
            isZero ? flow[t] === -Infinity : Math.abs(flow[t] - log) < 1e-4 * Math.max(1, Math.abs(log)),
            `${what}, step ${t}: log₁₀‖∂ℓ/∂s‖ is ${flow[t]}, not ${log}`,
          );
        }
      }
    }
  }
}
