import assert from 'node:assert/strict';
import { join } from 'node:path';
import { differentiatingIn } from '../../../../../src/core/graph/backward';
import { Gradient } from '../../../../../src/core/graph/gradient';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { Tape, TapeFull } from '../../../../../src/core/graph/tape';
import { floats } from '../../../../../src/core/graph/tensor';
import { finished, type Turns } from '../../../../../src/core/graph/turns';
import { Variable } from '../../../../../src/core/graph/variable';
import { lossSeeds } from '../../../../../src/modelFiles/onnx/graphMode/losses';
import { slabsOf } from '../../../../../src/modelFiles/onnx/graphMode/series';
import { runText, scoreRows } from '../../../../../src/modelFiles/onnx/graphMode/textRun';
import { graph, modelOf, node } from '../../../core/graph/support';
import { openGraph, readGraph, type OpenedGraph } from './support';

const folder = join(process.cwd(), 'test/vectors/data/graphModels');
/** A loop that is written out, a Loop, a Scan, attention, and Loops with conditions of their own. */
const files = ['lstm-cells', 'state-space-loop', 'gated-scan', 'gpt', 'decayed-sums', 'masked-keras'];

/** Ids of a text, as many as the graph reads and the last target. */
function idsFor({ model }: OpenedGraph, steps: number): number[] {
  return Array.from({ length: (model.use.ids.length ?? steps) + 1 }, (_, t) => (t * 5 + 1) % model.vocabularySize);
}

/** By the name of each series and its step, elements of its gradient in its bands. */
type Traced = ReadonlyMap<string, readonly (readonly [number, Float64Array])[]>;

/** The gradients of all losses by all series, on a tape that holds so many bytes of tensors that are not needed. */
function traced({ model }: OpenedGraph, ids: readonly number[], maxOpen: number): Traced {
  const { program, use, series } = model;
  const { scores } = use;
  assert.ok(scores);
  const tape = new Tape(Infinity, maxOpen);
  const run = finished(runText(program, use, ids.slice(0, -1), tape));
  const seeds = lossSeeds(scoreRows(run, use, scores), ids.slice(1), scores.size, scores.form, 1);
  const variables = new Map<string, Variable>();
  for (const each of series)
    for (const [t, { variable }] of slabsOf(each, run).entries()) variables.set(`${each.name} ${t}`, variable);
  const found = finished(differentiatingIn(tape, variables.values())(seeds));
  const bandsOf = (gradient: Gradient | undefined) => [...(gradient?.bands ?? [])];
  return new Map([...variables].map(([name, variable]) => [name, bandsOf(found.get(variable))]));
}

describe('graph mode: a tape that lets older tensors go', () => {
  for (const file of files)
    it(`gives the same bits: ${file}`, () => {
      const opened = openGraph(join(folder, `${file}.onnx`));
      const ids = idsFor(opened, 14);
      const all = traced(opened, ids, Infinity);
      const { program, use } = opened.model;
      const { bytes } = finished(runText(program, use, ids.slice(0, -1), new Tape())).tape;
      for (const share of [3, 10, 40]) assert.deepEqual(traced(opened, ids, bytes / share), all, `a ${share}th`);
    });

  it('holds far less of a deep graph than all its tensors, on both ways', () => {
    const blocks = 300;
    const nodes = Array.from({ length: blocks }, (_, i) => [
      node('Mul', [`x${i}`, 'w'], [`a${i}`]),
      node('Tanh', [`a${i}`], [`b${i}`]),
      node('Add', [`x${i}`, `b${i}`], [`x${i + 1}`]),
    ]).flat();
    const program = new GraphProgram(modelOf(graph(nodes, ['x0', 'w'], [`x${blocks}`])), () => new Uint8Array(0));
    const values = (factor: number) =>
      floats(
        [16, 8],
        Float64Array.from({ length: 128 }, (_, i) => Math.sin(factor * i)),
      );
    const tracedOn = (tape: Tape) => {
      let most = 0;
      const measured = <T>(turns: Turns<T>): T => {
        for (;;) {
          const { done, value } = turns.next();
          most = Math.max(most, tape.bytes);
          if (done) return value;
        }
      };
      const x = new Variable(values(1), 'x0');
      const run = measured(
        program.running(
          new Map([
            ['x0', x],
            ['w', new Variable(values(0.3), 'w')],
          ]),
          tape,
        ),
      );
      const y = run.values.get(`x${blocks}`);
      assert.ok(y instanceof Variable);
      const found = measured(differentiatingIn(tape, [x])(new Map([[y, Gradient.of(values(0.7).data)]])));
      return { gradient: found.get(x), most };
    };
    const all = tracedOn(new Tape());
    const few = tracedOn(new Tape(Infinity, all.most / 10));
    assert.deepEqual(few.gradient, all.gradient);
    // What is open, one stretch that was computed again, and one tensor from each stretch to the next.
    assert.ok(few.most < 0.3 * all.most, `${few.most} bytes are held of ${all.most}`);
  });

  it('joins a list again as it was, though more was appended to it later', () => {
    const join = (list: string, to: string) => node('ConcatFromSequence', [list], [to], { axis: 1, new_axis: 1 });
    const nodes = [
      node('Tanh', ['x'], ['a']),
      node('SequenceConstruct', ['a', 'x'], ['list']),
      join('list', 'joined'),
      node('Mul', ['joined', 'joined'], ['squares']),
      node('SequenceInsert', ['list', 'a'], ['longer']),
      join('longer', 'more'),
      node('Exp', ['more'], ['y']),
    ];
    const program = new GraphProgram(modelOf(graph(nodes, ['x'], ['y'])), () => new Uint8Array(0));
    const tape = new Tape(Infinity, 16);
    const numbers = Float64Array.of(0.5, -0.3);
    const x = new Variable(floats([2], numbers), 'x');
    const { values } = finished(program.running(new Map([['x', x]]), tape));
    const squares = values.get('squares');
    assert.ok(squares instanceof Variable);
    const seeds = new Map([[squares, Gradient.of(Float64Array.of(1, 1, 1, 1))]]);
    const [[, byX]] = finished(differentiatingIn(tape, [x])(seeds)).get(x)?.bands ?? [];
    // d(tanh² x + x²)/dx
    const wanted = numbers.map((each) => 2 * Math.tanh(each) * (1 - Math.tanh(each) ** 2) + 2 * each);
    for (const [i, each] of wanted.entries())
      assert.ok(Math.abs(byX[i] - each) < 1e-15, `${byX.join()} is not ${wanted.join()}`);
  });

  it('reads a text with less memory than all its tensors take, to the same numbers', () => {
    const { model } = openGraph(join(folder, 'gpt.onnx'));
    const ids = idsFor({ model } as OpenedGraph, 16);
    const { program, use, series } = model;
    const whole = finished(runText(program, use, ids.slice(0, -1), new Tape())).tape.bytes;
    const [all, few] = [Infinity, 0.6 * whole].map((maxTape) => readGraph(model, ids, maxTape).reading);
    assert.deepEqual(few.losses, all.losses);
    assert.deepEqual(finished(few.norms(series)), finished(all.norms(series)));
    assert.deepEqual(finished(few.totals(series)), finished(all.totals(series)));
    assert.deepEqual(finished(few.flow(series, 9)), finished(all.flow(series, 9)));
    assert.deepEqual(finished(few.flowOfTargets(series[0], [3, 8])), finished(all.flowOfTargets(series[0], [3, 8])));
    assert.throws(() => readGraph(model, ids, 0.01 * whole), TapeFull);
  });
});
