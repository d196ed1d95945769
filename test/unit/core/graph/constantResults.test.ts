import assert from 'node:assert/strict';
import { GraphProgram } from '../../../../src/core/graph/run';
import { floats } from '../../../../src/core/graph/tensor';
import type { TensorProto } from '../../../../src/formats/onnx/messages';
import { gradientsBy, graph, modelOf, node, variable } from './support';

function constant(name: string, values: readonly number[]): TensorProto {
  return { name, dims: [values.length], dataType: 1, floatData: [...values] };
}

function programOf(nodes: Parameters<typeof graph>[0], initializer: readonly TensorProto[]): GraphProgram {
  return new GraphProgram(modelOf(graph(nodes, ['x'], ['y'], [...initializer])), () => new Uint8Array(0));
}

const x = (...values: number[]) => new Map([['x', floats([values.length], Float64Array.from(values))]]);

describe('what a graph makes of constants alone', () => {
  it('is computed in the first run, and only that is kept', () => {
    const program = programOf(
      [
        node('Exp', ['w'], ['a']),
        node('Mul', ['a', 'a'], ['b']),
        node('Mul', ['b', 'x'], ['c']),
        node('Exp', ['c'], ['y']),
      ],
      [constant('w', [0, 1])],
    );
    const [first, second] = [program.run(x(1, 2)), program.run(x(3, 4))];
    assert.equal(program.constants.count, 2);
    for (const name of ['a', 'b']) assert.equal(variable(second, name).tensor, variable(first, name).tensor, name);
    assert.deepEqual(Array.from(variable(second, 'c').tensor.data), [3, 4 * Math.exp(1) ** 2]);
  });

  it('has its derivative in every run', () => {
    const program = programOf([node('Exp', ['w'], ['a']), node('Mul', ['a', 'x'], ['y'])], [constant('w', [0, 1])]);
    for (const run of [program.run(x(1, 2)), program.run(x(3, 4))]) {
      const seeds = new Map([[variable(run, 'y'), Float64Array.of(1, 1)]]);
      const [byConstant] = gradientsBy(run, seeds, [variable(run, 'w')]);
      const [one, two] = variable(run, 'x').tensor.data;
      assert.deepEqual(Array.from(byConstant ?? []), [one, two * Math.exp(1)]);
    }
  });

  it('is no constant where a run puts something else in its place', () => {
    const program = programOf([node('Exp', ['w'], ['a']), node('Mul', ['a', 'x'], ['y'])], [constant('w', [0, 0])]);
    program.run(x(1, 1));
    const run = program.run(new Map([...x(1, 1), ['w', floats([2], Float64Array.of(1, 2))]]));
    assert.deepEqual(Array.from(variable(run, 'y').tensor.data), [Math.exp(1), Math.exp(2)]);
  });

  it('is not made again by an iteration of a loop', () => {
    const body = {
      ...graph(
        [node('Exp', ['w'], ['a']), node('Mul', ['a', 'before'], ['after']), node('Identity', ['going'], ['goes'])],
        ['i', 'going', 'before'],
        ['goes', 'after'],
      ),
    };
    const trips: TensorProto = { name: 'trips', dims: [], dataType: 7, int64Data: [3] };
    const program = programOf([node('Loop', ['trips', '', 'x'], ['y'], { body })], [constant('w', [0, 1]), trips]);
    const run = program.run(x(1, 1));
    assert.equal(program.constants.count, 1);
    assert.deepEqual(Array.from(variable(run, 'y').tensor.data), [1, Math.exp(1) * Math.exp(1) * Math.exp(1)]);
  });
});
