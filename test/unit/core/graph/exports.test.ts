import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient } from '../../../../src/core/graph/gradient';
import { GraphProgram, type GraphRun } from '../../../../src/core/graph/run';
import { Variable } from '../../../../src/core/graph/variable';
import { floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import { decodeOnnx } from '../../../../src/formats/onnx/onnxFile';
import type { ModelProto } from '../../../../src/formats/onnx/messages';
import {
  exportedFiles,
  exportReference,
  exportsFolder,
  type ExportedFile,
  type ExportReference,
} from '../../../reference/exports';
import { variable } from './support';

/** Weights are float32 in the files and exact; what an exporter has computed of them in float32 is not. */
const tolerance = 1e-6;

/** A model that was read on a text: the scores of every step, and the seeds of ∂L and of the last step's loss. */
interface Read {
  readonly losses: readonly number[];
  /** ∂ℓ_t by the scores of every step t, [V] each, by the variable that has them. */
  readonly seeds: readonly { readonly of: Variable; readonly data: Float64Array }[];
  readonly run: GraphRun;
}

function program(file: string): { model: ModelProto; of: GraphProgram } {
  const model = decodeOnnx(readFileSync(join(exportsFolder, file)), file);
  return {
    model,
    of: new GraphProgram(model, () => {
      throw new Error('nothing lies outside');
    }),
  };
}

function read(each: ExportedFile, ids: readonly number[]): Read {
  const { model, of } = program(each.file);
  const [input] = model.graph.input;
  const tokens = ids.slice(0, -1);
  const data: Tensor =
    each.ids === 'float' ? floats([1, tokens.length], Float64Array.from(tokens)) : integers([1, tokens.length], tokens);
  const run = of.run(new Map([[input.name, data]]));
  const scores = variable(run, model.graph.output[0].name);
  const V = scores.tensor.shape.at(-1) ?? 1;
  const count = scores.tensor.data.length / V;
  const found = Array.from({ length: count }, (_, t) =>
    lossOf(scores.tensor.data.subarray(t * V, (t + 1) * V), ids[t + 1], each.gives === 'probabilities'),
  );
  return {
    run,
    losses: found.map(({ loss }) => loss),
    seeds: found.map(({ seed }, t) => {
      const whole = new Float64Array(scores.tensor.data.length);
      whole.set(seed, t * V);
      return { of: scores, data: whole };
    }),
  };
}

/** −ln of the target's probability, and its derivative by the scores or by the probabilities. */
function lossOf(row: Float64Array, target: number, areProbabilities: boolean): { loss: number; seed: Float64Array } {
  if (areProbabilities) return { loss: -Math.log(row[target]), seed: row.map((p, v) => (v === target ? -1 / p : 0)) };
  const largest = Math.max(...row);
  const normalizer = largest + Math.log(row.reduce((sum, score) => sum + Math.exp(score - largest), 0));
  return {
    loss: normalizer - row[target],
    seed: row.map((score, v) => Math.exp(score - normalizer) - Number(v === target)),
  };
}

/** Of a sum of seeds, each of its variable. */
function seeded(seeds: Read['seeds'], factor: number): Map<Variable, Gradient> {
  const sums = new Map<Variable, Float64Array>();
  for (const { of, data } of seeds) {
    const sum = sums.get(of) ?? new Float64Array(data.length);
    data.forEach((value, i) => {
      sum[i] += factor * value;
    });
    sums.set(of, sum);
  }
  return new Map([...sums].map(([of, data]) => [of, Gradient.of(data)]));
}

function assertLosses(losses: readonly number[], { losses: expected }: ExportReference): void {
  assert.equal(losses.length, expected.length);
  for (const [t, loss] of expected.entries())
    assert.ok(Math.abs(losses[t] - loss) < tolerance, `step ${t}: the loss is ${losses[t]}, not ${loss}`);
}

/** @param norms of the gradients of the mean loss  @param logs of those of the last step's loss */
function assertNorms(what: string, found: Gradient, steps: number, norms: readonly number[]): void {
  const largest = Math.max(...norms);
  const own = found.log10Norms([steps, found.length / steps], 0);
  for (const [t, norm] of norms.entries())
    assert.ok(Math.abs(10 ** own[t] - norm) < tolerance * largest, `${what}, step ${t}: ${10 ** own[t]}, not ${norm}`);
}

function assertLogs(what: string, found: Gradient, steps: number, logs: readonly number[]): void {
  const own = found.log10Norms([steps, found.length / steps], 0);
  for (const [t, log] of logs.entries())
    assert.ok(
      log === -9999 ? own[t] === -Infinity : Math.abs(own[t] - log) < 1e-5 * Math.max(1, Math.abs(log)),
      `${what}, step ${t}: log₁₀ is ${own[t]}, not ${log}`,
    );
}

/** What each recurrent operator carries, in the reference's order: h, then c. */
function statesOf(run: GraphRun): Variable[] {
  return run.tape.steps.flatMap(({ states }) => [...states]);
}

describe('graph mode: exports of many makers beside PyTorch', () => {
  for (const each of exportedFiles().filter(({ opens, state }) => opens !== 'refused' && !state)) {
    it(`${each.file}: losses and gradients (${each.maker})`, () => {
      const reference = exportReference(each.reference);
      const steps = reference.ids.length - 1;
      const { run, losses, seeds } = read(each, reference.ids);
      assert.deepEqual(run.failures, []);
      assertLosses(losses, reference);
      const embedding = variable(run, each.embedding ?? '');
      const states = statesOf(run);
      const by = differentiate(run.tape, [embedding, ...states]);
      const [total, last] = [by(seeded(seeds, 1 / steps)), by(seeded(seeds.slice(-1), 1))];
      const expected = reference.embedding;
      const largest = Math.max(...expected.map(Math.abs));
      total
        .get(embedding)
        ?.toFloat64()
        .forEach((value, i) => {
          assert.ok(Math.abs(value - expected[i]) < tolerance * largest, `${i}: ${value}, not ${expected[i]}`);
        });
      assertNorms('embedding', total.get(embedding) ?? none(expected.length), steps, reference.embedding_totals);
      assertLogs('embedding, last', last.get(embedding) ?? none(expected.length), steps, reference.embedding_last);
      for (const [i, state] of states.entries()) {
        const { totals, last: logs } = reference.series[i === 0 ? 'h' : 'c'];
        const size = state.tensor.data.length;
        assertNorms(`state ${i}`, total.get(state) ?? none(size), steps, totals);
        assertLogs(`state ${i}, last`, last.get(state) ?? none(size), steps, logs);
      }
    });
  }
});

function none(length: number): Gradient {
  return Gradient.of(new Float64Array(length));
}

describe('graph mode: what the loops of exports carry', () => {
  for (const each of exportedFiles().filter(({ opens, state, rows }) => opens === 'graph' && !state && rows)) {
    const reference = exportReference(each.reference);
    const { run, seeds } = read(each, reference.ids);
    const steps = reference.ids.length - 1;
    const carried = run.loops.flatMap(({ states }) => states.map(({ values }) => values.slice(1)));
    // Where steps are masked, what is carried is another variable than the output of the step, and has another gradient.
    if (carried.length === 0 || each.reference.startsWith('masked')) continue;
    it(`${each.file}: ${Object.keys(reference.series).join(', ')}`, () => {
      const candidates = carried.flatMap((values) => {
        const own = values.filter((value) => value instanceof Variable);
        return own.length === steps && own.every(({ tensor }) => tensor.kind === 'float') ? [own] : [];
      });
      const by = differentiate(run.tape, candidates.flat())(seeded(seeds, 1 / steps));
      const norms = candidates.map((own) =>
        own.map(
          (variable) => 10 ** (by.get(variable)?.log10Norms([1, variable.tensor.data.length], 0)[0] ?? -Infinity),
        ),
      );
      for (const [name, { totals }] of Object.entries(reference.series)) {
        const largest = Math.max(...totals);
        assert.ok(
          norms.some((own) => own.every((norm, t) => Math.abs(norm - totals[t]) < tolerance * largest)),
          `${name}: no state has the norms ${totals.join(' ')}; there are ${norms.map((own) => own.join(' ')).join('; ')}`,
        );
      }
    });
  }
});

describe('graph mode: residual streams of exported transformers', () => {
  for (const each of exportedFiles().filter(({ reference }) => /gpt|llama/u.test(reference))) {
    it(each.file, () => {
      const reference = exportReference(each.reference);
      const { run, seeds } = read(each, reference.ids);
      const steps = reference.ids.length - 1;
      const width = reference.embedding.length / steps;
      const candidates = [...run.values.values()].flatMap((value) =>
        value instanceof Variable && value.tensor.kind === 'float' && value.tensor.data.length === steps * width
          ? [value]
          : [],
      );
      const by = differentiate(run.tape, candidates)(seeded(seeds, 1 / steps));
      for (const [name, { totals }] of Object.entries(reference.series)) {
        const found = candidates.some((candidate) => {
          const norms = by.get(candidate)?.log10Norms([steps, width], 0);
          return norms?.every((log, t) => Math.abs(10 ** log - totals[t]) < tolerance * Math.max(...totals));
        });
        assert.ok(found, `no tensor has the gradients of ${name}`);
      }
    });
  }
});

describe('graph mode: files that read one token a call', () => {
  for (const each of exportedFiles().filter(({ state }) => state)) {
    it(`${each.file}: the state carried from call to call`, () => {
      const { ids, losses } = exportReference(each.reference);
      const { model, of } = program(each.file);
      const [before = '', after = ''] = each.state ?? [];
      let state: Tensor = floats([1, 6]);
      const found = ids.slice(0, -1).map((token, t) => {
        const run = of.run(
          new Map([
            ['token', integers([1], [token])],
            [before, state],
          ]),
        );
        state = variable(run, after).tensor;
        return lossOf(variable(run, model.graph.output[0].name).tensor.data, ids[t + 1], false).loss;
      });
      for (const [t, loss] of losses.entries()) assert.ok(Math.abs(found[t] - loss) < tolerance, `step ${t}`);
    });
  }
});

describe('graph mode: files whose exporter went wrong', () => {
  it('names the node that reads what nothing gives (paddle2onnx leaves nn.SimpleRNN out)', () => {
    const each = exported('plain-rnn.paddle.onnx');
    assert.throws(() => read(each, exportReference(each.reference).ids), /“Transpose\.1” .*“p2o\.pd_op\.rnn\.0\.0”/u);
  });

  it('refuses more than the one step that was traced (Keras 3 on PyTorch, SimpleRNN)', () => {
    const each = exported('plain-rnn.keras3-torch.onnx');
    assert.throws(() => read(each, exportReference(each.reference).ids), /\(Split\)/u);
  });

  it('gives what the file gives: one prediction (Keras 3 on PyTorch traces one step)', () => {
    const each = exported('plain-lstm.keras3-torch.onnx');
    const reference = exportReference(each.reference);
    const { losses } = read(each, reference.ids);
    assert.equal(losses.length, 1);
    assert.ok(Math.abs(losses[0] - reference.losses[0]) < tolerance);
  });

  it('reads only the steps of the trace, whatever the file says of its axes (PyTorch 1.13)', () => {
    const each = exported('grucell.torch113-13.onnx');
    const { ids, losses } = exportReference(each.reference);
    const { losses: found } = read(each, [...ids, ...ids]);
    assert.deepEqual(
      found.map((loss) => loss.toFixed(5)),
      losses.map((loss) => loss.toFixed(5)),
    );
  });
});

function exported(file: string): ExportedFile {
  const found = exportedFiles().find((each) => each.file === file);
  assert.ok(found, file);
  return found;
}
