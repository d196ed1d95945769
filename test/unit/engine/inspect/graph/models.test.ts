import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { finished } from '../../../../../src/core/graph/turns';
import { dataType } from '../../../../../src/formats/onnx/messages';
import { classesOf } from '../../../../../src/modelFiles/onnx/graphMode/classifier';
import { recognizeGraph } from '../../../../../src/modelFiles/onnx/graphMode/recognize';
import { graph, modelOf, node } from '../../../core/graph/support';
import { apart, openGraph, readGraph, withoutZeros } from './support';

/** Of a model in float64, all the way: test/vectors/graph_models.py, graph_control_models.py, masked_keras.py. */
interface Expected {
  readonly ids: readonly number[];
  readonly loss: number;
  readonly series: readonly {
    readonly name: string;
    readonly norm: readonly number[];
    readonly total: readonly number[];
    /** log₁₀‖∂ℓ_τ/∂s_t‖ of the last target and of one in the middle; null where it cannot be reached. */
    readonly last: readonly (number | null)[];
    readonly middle: readonly (number | null)[];
  }[];
}

const folder = join(process.cwd(), 'test/vectors/data/graphModels');
const tolerance = 1e-9;

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Expected;
}

/** Which series of the graph has these values; the distance of the nearest otherwise. */
function check(name: string, file: string, maxTape?: number): void {
  const { model } = openGraph(join(folder, `${file}.onnx`));
  const expected = expectedOf(name);
  const { reading } = readGraph(model, expected.ids, maxTape);
  const T = reading.steps;
  assert.ok(apart([reading.loss], [expected.loss]) < tolerance, `the loss is ${reading.loss}, not ${expected.loss}`);
  const shown = model.series.filter(({ role }) => role !== 'tensor');
  const norms = finished(reading.norms(shown));
  const totals = finished(reading.totals(shown));
  const [last, middle] = [T - 1, Math.floor(T / 2)].map((target) => finished(reading.flow(shown, target)));
  const numbers = (list: readonly (number | null)[]) => list.map((value) => value ?? NaN);
  for (const wanted of expected.series) {
    const distances = shown.map((_, s) => {
      // The last state of a loop that was written out need not be computed: nothing comes of it.
      const steps = Number.isNaN(norms[s][T - 1]) ? T - 1 : T;
      const upTo = (list: ArrayLike<number>) => Array.from(list).slice(0, steps);
      return Math.max(
        apart(upTo(norms[s]), upTo(wanted.norm)),
        apart(upTo(totals[s]), upTo(wanted.total)),
        apart(upTo(withoutZeros(last[s])), upTo(numbers(wanted.last))),
        apart(upTo(withoutZeros(middle[s])), upTo(numbers(wanted.middle))),
      );
    });
    const least = Math.min(...distances);
    assert.ok(
      least < tolerance,
      `${wanted.name}: none of ${shown.map((each) => each.name).join(', ')} is within ${least}`,
    );
  }
}

describe('graph mode: models that are no stack, beside PyTorch', () => {
  for (const name of [
    'lstm-cells',
    'time-mix',
    'two-layers',
    'tutorial',
    'tutorial-step',
    'lstm-step',
    'state-space-loop',
    'gated-scan',
    'gpt',
    'last-only',
    'lstm-step-unnamed',
    'carry-first',
    'column-step',
    'masked-keras',
    'decayed-sums',
    'normed-cell',
    'chosen-by-state',
    'as-often-as-needed',
    'in-a-list',
  ])
    it(name, () => {
      check(name, name);
    });

  it('a text shorter than the steps that were written out', () => {
    check('lstm-cells-short', 'lstm-cells');
  });

  it('a text longer than the steps that were written out, where the file takes longer ones', () => {
    const { model } = openGraph(join(folder, 'time-mix.onnx'));
    const { ids, loss } = expectedOf('time-mix');
    const { reading } = readGraph(model, [...ids, ...ids, ...ids]);
    assert.equal(reading.steps, 8);
    assert.ok(apart([reading.loss], [loss]) < tolerance, `the loss is ${reading.loss}, not ${loss}`);
    assert.deepEqual(
      model.notices.map(({ key, args }) => [key, ...args]),
      [['notice.graph.fixedLength', 8]],
    );
  });

  it('a text of as many tokens as there are positions', () => {
    check('gpt-cut', 'gpt');
  });

  it('one token a call, with few of the calls on a tape at once', () => {
    for (const file of ['lstm-step', 'tutorial-step']) check(file, file, 1);
  });
});

describe('graph mode: what is a state', () => {
  const statesOf = (file: string) =>
    openGraph(join(folder, `${file}.onnx`)).model.series.filter(({ role }) => role === 'state');

  it('is what depends on earlier steps, and nothing that is only a part of it', () => {
    for (const file of ['decayed-sums', 'normed-cell']) assert.equal(statesOf(file).length, 2, file);
  });
});

describe('graph mode: what the tokens become', () => {
  it('is the sum of rows, where several of a table are read at each step', () => {
    const floatsOf = (name: string, dims: number[]) => ({
      name,
      dims,
      dataType: dataType.float,
      floatData: Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(1 + i)),
    });
    const integersOf = (name: string, values: number[]) => ({
      name,
      dims: [values.length],
      dataType: dataType.int64,
      int64Data: values,
    });
    const nodes = [
      node('Reshape', ['ids', 'flat'], ['once']),
      node('Concat', ['once', 'once'], ['twice'], { axis: 0 }),
      node('Gather', ['table', 'twice'], ['rows'], { axis: 0 }),
      node('Reshape', ['rows', 'pairs'], ['apart']),
      node('ReduceSum', ['apart', 'first'], ['bag'], { keepdims: 0 }),
      node('CumSum', ['bag', 'zero'], ['sums']),
      node('MatMul', ['sums', 'output'], ['scores']),
    ];
    const constants = [
      floatsOf('table', [7, 4]),
      floatsOf('output', [4, 7]),
      integersOf('flat', [-1]),
      integersOf('pairs', [2, -1, 4]),
      integersOf('first', [0]),
      { ...integersOf('zero', [0]), dims: [] },
    ];
    const built = graph(nodes, [], ['scores'], constants);
    const shape = { dim: [{ dimValue: 1 }, { dimParam: 'time' }] };
    const type = { tensorType: { elemType: dataType.int64, shape } };
    const proto = modelOf({ ...built, input: [{ name: 'ids', type }] });
    const { series } = finished(recognizeGraph(proto, new GraphProgram(proto, () => new Uint8Array(0))));
    assert.deepEqual(
      series.filter(({ role }) => role === 'embedding').map(({ name }) => name),
      ['apart'],
    );
  });
});

describe('graph mode: classifiers', () => {
  it('are called no language models, of texts and of tokens', () => {
    for (const [file, sentence] of [
      ['classifier-of-texts', /no language model: it reads 12 different tokens and gives 3 scores for a whole text/],
      ['classifier-of-tokens', /no language model: it reads 12 different tokens and gives 3 scores for each/],
    ] as const)
      assert.match(classesOf(openGraph(join(folder, `${file}.onnx`)).model)?.message ?? '', sentence);
    for (const file of ['gpt', 'lstm-cells', 'last-only'])
      assert.equal(classesOf(openGraph(join(folder, `${file}.onnx`)).model), null);
  });
});

describe('graph mode: what a file does not read', () => {
  it('is found where steps are written out, and where positions end', () => {
    const long = [...expectedOf('gpt-cut').ids, 1, 2, 3];
    for (const [file, steps] of [
      ['gpt', 16],
      ['lstm-cells', 9],
    ] as const) {
      const { model } = openGraph(join(folder, `${file}.onnx`));
      assert.equal(readGraph(model, long).reading.steps, steps);
    }
  });
});
