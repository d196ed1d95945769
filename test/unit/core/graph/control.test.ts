import assert from 'node:assert/strict';
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient } from '../../../../src/core/graph/gradient';
import type { GraphModel } from '../../../../src/core/graph/model';
import { Variable } from '../../../../src/core/graph/variable';
import { booleans, floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import type { AttributeProto } from '../../../../src/formats/onnx/messages';
import { difference, gradientsBy, graph, modelOf, node, runModel, variable } from './support';

const vector = (...values: number[]): Tensor => floats([values.length], Float64Array.from(values));
const scalar = (value: number): Tensor => floats([], Float64Array.of(value));
const ones = (of: Variable) => new Float64Array(of.tensor.data.length).fill(1);

function assertNear(actual: ArrayLike<number> | undefined, expected: readonly number[]): void {
  assert.ok(
    actual && difference(actual, expected) < 1e-13,
    `[${actual ? Array.from(actual).join(', ') : 'nothing'}] is not [${expected.join(', ')}]`,
  );
}

describe('graph mode: control flow', () => {
  it('a loop that slices everything in each iteration holds no copy of it', () => {
    const slice = node('Slice', ['x', 'zero', 'endless', 'zero'], ['all']);
    const gather = node('Gather', ['all', 'i'], ['row'], { axis: 0 });
    const body = graph([slice, gather, node('Add', ['h', 'row'], ['next'])], ['i', 'go', 'h'], ['go', 'next']);
    const loop = modelOf(graph([node('Loop', ['trips', '', 'h0'], ['y'], { body })], ['trips', 'x', 'h0'], ['y']));
    const heldOf = (steps: number) => {
      const run = runModel(loop, {
        trips: integers([], [steps]),
        zero: integers([1], [0]),
        endless: integers([1], [2 ** 63]),
        x: floats(
          [steps, 3],
          Float64Array.from({ length: 3 * steps }, (_, i) => i),
        ),
        h0: floats([3]),
      });
      const [byX] = gradientsBy(run, new Map([[variable(run, 'y'), Float64Array.of(1, 2, 3)]]), [variable(run, 'x')]);
      assertNear(byX, Array.from({ length: steps }, () => [1, 2, 3]).flat());
      return run.tape.bytes;
    };
    // The row and the state of each step.
    assert.ok(heldOf(80) <= 2 * heldOf(40));
  });

  it('If takes one branch, and what it reads from outside gets a gradient', () => {
    const branches = {
      then_branch: graph([node('Mul', ['x', 'w'], ['a'])], [], ['a']),
      else_branch: graph([node('Add', ['x', 'w'], ['b'])], [], ['b']),
    };
    for (const [condition, y, byX, byW] of [
      [1, [6], [3], [2]],
      [0, [5], [1], [1]],
    ] as const) {
      const run = runModel(modelOf(graph([node('If', ['c'], ['y'], branches)], ['c', 'x', 'w'], ['y'])), {
        c: booleans([], Float64Array.of(condition)),
        x: vector(2),
        w: vector(3),
      });
      const output = variable(run, 'y');
      assertNear(output.tensor.data, y);
      const [dx, dw] = gradientsBy(run, new Map([[output, ones(output)]]), [variable(run, 'x'), variable(run, 'w')]);
      assertNear(dx, byX);
      assertNear(dw, byW);
    }
  });

  /** h ← w · h + x[i], and h of every step, until the count or the condition ends it. */
  const body = graph(
    [
      node('Gather', ['x', 'i'], ['xi']),
      node('Mul', ['h', 'w'], ['wh']),
      node('Add', ['wh', 'xi'], ['next']),
      node('Less', ['next', 'limit'], ['more']),
      node('Identity', ['next'], ['seen']),
    ],
    ['i', 'go', 'h'],
    ['more', 'next', 'seen'],
  );
  const looped = (trips: number, limit: number) =>
    runModel(
      modelOf(
        graph(
          [node('Loop', ['trips', '', 'h0'], ['last', 'all'], { body })],
          ['trips', 'h0', 'x', 'w', 'limit'],
          ['last', 'all'],
        ),
      ),
      {
        trips: integers([], [trips]),
        h0: scalar(1),
        x: vector(1, 2, 3),
        w: scalar(0.5),
        limit: scalar(limit),
      },
    );

  it('Loop carries, stacks, and gives what it carries as a series', () => {
    const run = looped(3, 100);
    assertNear(variable(run, 'all').tensor.data, [1.5, 2.75, 4.375]);
    const last = variable(run, 'last');
    // h₃ = w³ h₀ + w² x₀ + w x₁ + x₂
    const [byX, byW, byH] = gradientsBy(run, new Map([[last, ones(last)]]), [
      variable(run, 'x'),
      variable(run, 'w'),
      variable(run, 'h0'),
    ]);
    assertNear(byX, [0.25, 0.5, 1]);
    assertNear(byW, [3 * 0.25 + 2 * 0.5 + 2]);
    assertNear(byH, [0.125]);
    const [
      {
        states: [{ before, after, values }],
        iterations,
      },
    ] = run.loops;
    assert.deepEqual([before, after, values.length, iterations.length], ['h', 'next', 4, 3]);
    const series = values.filter((value) => value instanceof Variable);
    assert.deepEqual(
      series.map(({ tensor }) => tensor.data[0]),
      [1, 1.5, 2.75, 4.375],
    );
    const found = differentiate(run.tape, series)(new Map([[last, Gradient.of(ones(last))]]));
    assert.deepEqual(
      series.map((of) => found.get(of)?.toFloat64()[0]),
      [0.125, 0.25, 0.5, 1],
    );
  });

  it('Loop ends by its condition, and may not run at all', () => {
    assertNear(variable(looped(3, 2), 'all').tensor.data, [1.5, 2.75]);
    const none = looped(0, 100);
    assert.deepEqual(variable(none, 'all').tensor.shape, [0]);
    assertNear(variable(none, 'last').tensor.data, [1]);
  });

  it('Scan reads in either direction and along any axis', () => {
    const step = graph(
      [node('Add', ['h', 'e'], ['next']), node('Mul', ['next', 'e'], ['out'])],
      ['h', 'e'],
      ['next', 'out'],
    );
    const x = floats([2, 3], Float64Array.of(1, 2, 3, 4, 5, 6));
    const scanned = (attributes: Record<string, readonly number[]>) =>
      runModel(
        modelOf(
          graph(
            [node('Scan', ['h0', 'x'], ['last', 'out'], { body: step, num_scan_inputs: 1, ...attributes })],
            ['h0', 'x'],
            ['last', 'out'],
          ),
        ),
        { h0: vector(0, 0), x },
      );
    const forward = scanned({ scan_input_axes: [1], scan_output_axes: [1] });
    assertNear(variable(forward, 'out').tensor.data, [1, 6, 18, 16, 45, 90]);
    const backward = scanned({
      scan_input_axes: [1],
      scan_output_axes: [-1],
      scan_input_directions: [1],
      scan_output_directions: [1],
    });
    assertNear(variable(backward, 'out').tensor.data, [6, 10, 9, 60, 55, 36]);
    assert.equal(backward.loops[0].isReversed, true);
    const out = variable(forward, 'out');
    // Σ_t (Σ_{s ≤ t} e_s) e_t, by e_k: Σ_t e_t + e_k
    const [dx] = gradientsBy(forward, new Map([[out, ones(out)]]), [variable(forward, 'x')]);
    assertNear(dx, [7, 8, 9, 19, 20, 21]);
  });

  it('Scan of opset 8 has a batch in front', () => {
    const step = graph(
      [node('Add', ['h', 'e'], ['next']), node('Identity', ['next'], ['out'])],
      ['h', 'e'],
      ['next', 'out'],
    );
    const run = runModel(
      modelOf(
        graph(
          [node('Scan', ['', 'h0', 'x'], ['last', 'out'], { body: step, num_scan_inputs: 1 })],
          ['h0', 'x'],
          ['last', 'out'],
        ),
        8,
      ),
      {
        h0: floats([2, 1]),
        x: floats([2, 3, 1], Float64Array.of(1, 2, 3, 4, 5, 6)),
      },
    );
    assertNear(variable(run, 'out').tensor.data, [1, 3, 6, 4, 9, 15]);
    assert.deepEqual(variable(run, 'last').tensor.shape, [2, 1]);
    const last = variable(run, 'last');
    assertNear(gradientsBy(run, new Map([[last, ones(last)]]), [variable(run, 'x')])[0], [1, 1, 1, 1, 1, 1]);
  });

  it('lists of tensors hand gradients on', () => {
    const run = runModel(
      modelOf(
        graph(
          [
            node('SplitToSequence', ['x'], ['parts'], { keepdims: 0 }),
            node('SequenceAt', ['parts', 'one'], ['b']),
            node('Mul', ['b', 'b'], ['bb']),
            node('SequenceInsert', ['parts', 'bb', 'zero'], ['more']),
            node('SequenceErase', ['more'], ['fewer']),
            node('SequenceLength', ['fewer'], ['count']),
            node('ConcatFromSequence', ['fewer'], ['y'], { axis: 0, new_axis: 1 }),
          ],
          ['x', 'one', 'zero'],
          ['y', 'count'],
        ),
      ),
      { x: vector(2, 3, 5), one: integers([], [1]), zero: integers([], [0]) },
    );
    const y = variable(run, 'y');
    assertNear(y.tensor.data, [9, 2, 3]);
    assertNear(variable(run, 'count').tensor.data, [3]);
    assertNear(gradientsBy(run, new Map([[y, ones(y)]]), [variable(run, 'x')])[0], [1, 7, 0]);
  });

  it('lists that begin alike go on by themselves', () => {
    const insert = (list: string, item: string, into: string) => node('SequenceInsert', [list, item], [into]);
    const join = (list: string, to: string) => node('ConcatFromSequence', [list], [to], { axis: 0, new_axis: 0 });
    const nodes = [
      node('SequenceConstruct', ['a'], ['one']),
      insert('one', 'b', 'left'),
      insert('one', 'c', 'right'),
      insert('left', 'c', 'longer'),
      ...['one', 'left', 'right', 'longer'].map((list) => join(list, `of ${list}`)),
    ];
    const run = runModel(modelOf(graph(nodes, ['a', 'b', 'c'], ['of one'])), {
      a: vector(1),
      b: vector(2),
      c: vector(3),
    });
    const held = (list: string) => Array.from(variable(run, `of ${list}`).tensor.data);
    assert.deepEqual(['one', 'left', 'right', 'longer'].map(held), [[1], [1, 2], [1, 3], [1, 2, 3]]);
  });

  it('functions of the model are run with the attributes of their call', () => {
    const scale: AttributeProto = { name: 'alpha', type: 1, refAttrName: 'slope' };
    const leaky = { ...node('LeakyRelu', ['a'], ['b']), attribute: [scale] };
    const model: GraphModel = {
      ...modelOf(
        graph(
          [
            node('Bent', ['x'], ['y'], {}, 'own'),
            { ...node('Bent', ['x'], ['z'], {}, 'own'), attribute: [{ name: 'slope', type: 1, f: 0.5 }] },
          ],
          ['x'],
          ['y', 'z'],
        ),
      ),
      functions: [
        {
          name: 'Bent',
          domain: 'own',
          input: ['a'],
          output: ['b'],
          node: [leaky],
          opsetImport: [{ domain: '', version: 16 }],
        },
      ],
    };
    const run = runModel(model, { x: vector(-2) });
    assertNear(variable(run, 'y').tensor.data, [-0.02]);
    assertNear(variable(run, 'z').tensor.data, [-1]);
  });
});

describe('graph mode: other names and optional values', () => {
  it('Identity, a Cast of floats and Dropout give the same variable, whose gradient is through all that reads any of its names', () => {
    const nodes = [
      node('Identity', ['x'], ['a']),
      node('Cast', ['a'], ['b'], { to: 11 }),
      node('Dropout', ['b'], ['c']),
      node('Mul', ['x', 'c'], ['y']),
    ];
    const run = runModel(modelOf(graph(nodes, ['x'], ['y'])), { x: vector(3, -2) });
    const [x, c, y] = ['x', 'c', 'y'].map((name) => variable(run, name));
    assert.equal(c, x);
    assertNear(gradientsBy(run, new Map([[y, ones(y)]]), [c])[0], [6, -4]);
  });

  it('an optional value is the value itself, or says that it is not there', () => {
    const branches = (there: string, otherwise: string) => ({
      then_branch: graph([node('OptionalGetElement', [there], ['e']), node('Neg', ['e'], ['t'])], [], ['t']),
      else_branch: graph([node('Identity', [otherwise], ['f'])], [], ['f']),
    });
    const nodes = [
      node('Optional', ['x'], ['some']),
      node('Optional', [], ['none']),
      node('OptionalHasElement', ['some'], ['is']),
      node('OptionalHasElement', ['none'], ['isNot']),
      node('If', ['is'], ['y'], branches('some', 'x')),
      node('If', ['isNot'], ['z'], branches('none', 'x')),
      node('OptionalGetElement', ['none'], ['w']),
    ];
    const run = runModel(modelOf(graph(nodes, ['x'], ['y', 'z'])), { x: vector(3, -2) });
    assertNear(variable(run, 'y').tensor.data, [-3, 2]);
    assertNear(variable(run, 'z').tensor.data, [3, -2]);
    assertNear(
      gradientsBy(run, new Map([[variable(run, 'y'), Float64Array.of(1, 1)]]), [variable(run, 'x')])[0],
      [-1, -1],
    );
    assert.throws(() => variable(run, 'w'), /reads an optional value that is not there/u);
  });
});

describe('graph mode: what cannot be computed', () => {
  const nodes = [
    node('Tanh', ['x'], ['a']),
    node('Wavelet', ['a'], ['b'], {}, 'com.example'),
    node('Exp', ['b'], ['c']),
    node('Exp', ['a'], ['d']),
  ];

  it('is named, and the rest is there', () => {
    const run = runModel(modelOf(graph(nodes, ['x'], ['c', 'd'])), { x: vector(1) });
    assert.equal(run.failures.length, 1);
    const [{ operator, domain, node: name, message }] = run.failures;
    assert.deepEqual([operator, domain, name], ['Wavelet', 'com.example', 'b']);
    assert.equal(message, 'the node “b” (com.example.Wavelet) is an operator that is not known here');
    assertNear(variable(run, 'd').tensor.data, [Math.exp(Math.tanh(1))]);
    assert.throws(
      () => variable(run, 'c'),
      (error) => error === run.failures[0],
    );
  });

  it('a function that calls itself is refused', () => {
    const own = (name: string, calls: string) => ({
      name,
      domain: 'own',
      input: ['a'],
      output: ['b'],
      node: [node(calls, ['a'], ['c'], {}, 'own'), node(calls, ['c'], ['b'], {}, 'own')],
      opsetImport: [{ domain: '', version: 18 }],
    });
    const model: GraphModel = {
      ...modelOf(graph([node('First', ['x'], ['y'], {}, 'own')], ['x'], ['y'])),
      functions: [own('First', 'Second'), own('Second', 'First')],
    };
    assert.match(runModel(model, { x: vector(1) }).failures[0].message, /calls itself/u);
  });

  it('an attribute or an input that is not computed is refused, not ignored', () => {
    const failure = (of: ReturnType<typeof node>, opset = 18) =>
      runModel(modelOf(graph([of], ['x'], ['y']), opset), { x: vector(1, 2) }).failures[0]?.reason;
    assert.match(failure(node('Tanh', ['x'], ['y'], { novelty: 1 })), /attribute “novelty”/);
    assert.match(failure(node('Tanh', ['x', 'x'], ['y'])), /input 2/);
    assert.match(
      failure(node('BatchNormalization', ['x', 'x', 'x', 'x', 'x'], ['y'], { training_mode: 1 }), 15),
      /training mode/,
    );
    assert.match(failure(node('Dropout', ['x'], ['y'], { is_test: 0 }), 6), /training mode/);
    assert.match(failure(node('Gather', ['x', 'x'], ['y'], { axis: 3 })), /axis 3/);
  });

  it('inside a loop it is named with its iteration', () => {
    const body = graph([node('Wavelet', ['h'], ['next'])], ['i', 'go', 'h'], ['go', 'next']);
    const run = runModel(modelOf(graph([node('Loop', ['trips', '', 'x'], ['y'], { body })], ['trips', 'x'], ['y'])), {
      trips: integers([], [2]),
      x: vector(1),
    });
    assert.deepEqual(
      run.failures.map(({ node: name }) => name),
      ['y[0]/next'],
    );
  });
});
