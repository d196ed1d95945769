import assert from 'node:assert/strict';
import { differentiate } from '../../../../src/core/graph/backward';
import { Gradient, scaled } from '../../../../src/core/graph/gradient';
import { floats, integers, type Tensor } from '../../../../src/core/graph/tensor';
import { operators } from '../../../../src/layers/catalog';
import { loadFarCase, type FarCase } from '../../../reference/vectors';
import { graph, modelOf, node, runModel, variable } from './support';

const ln2 = Math.log10(2);

describe('graph mode: gradients beyond float64', () => {
  it('keep elements that are thousands of powers of ten apart', () => {
    const exponents = Int32Array.of(-3000, 0, 4000, -1);
    const gradient = Gradient.fromRows(Float64Array.of(1, 3, 1, 0), 1, exponents);
    const norms = gradient.log10Norms([4], 0);
    for (const [i, expected] of [-3000 * ln2, Math.log10(3), 4000 * ln2, -Infinity].entries()) {
      assert.ok(norms[i] === expected || Math.abs(norms[i] - expected) < 1e-10, `${norms[i]} is not ${expected}`);
    }
    assert.deepEqual([...gradient.toFloat64()], [0, 3, Infinity, 0]);
  });

  it('add up across their bands', () => {
    const at = (value: number, exponent: number) =>
      Gradient.fromRows(Float64Array.of(value), 1, Int32Array.of(exponent));
    const close = (gradient: Gradient, log10: number) => {
      assert.ok(
        Math.abs(gradient.log10Norms([1], 0)[0] - log10) < 1e-12,
        `${gradient.log10Norms([1], 0)[0]} is not ${log10}`,
      );
    };
    close(at(1, -257).plus(at(1, -257)), -256 * ln2);
    close(at(1, -255).plus(at(1, -257)), Math.log10(1.25) - 255 * ln2);
    close(at(1, 700).plus(at(-1, 700)).plus(at(1, -900)), -900 * ln2);
    close(at(1, 2000).plus(at(1, -2000)), 2000 * ln2);
    // What cancels leaves the rest.
    close(at(1 + 2 ** -40, 0).plus(at(-1, 0)), -40 * ln2);
  });

  it('survive a chain of products that leaves float64 and comes back', () => {
    const steps = 40;
    const nodes = Array.from({ length: 2 * steps }, (_, i) =>
      node('Mul', [`y${i}`, i < steps ? 'small' : 'large'], [`y${i + 1}`]),
    );
    const run = runModel(modelOf(graph(nodes, ['y0', 'small', 'large'], [`y${2 * steps}`])), {
      y0: floats([1], Float64Array.of(0)),
      small: floats([1], Float64Array.of(1e-30)),
      large: floats([1], Float64Array.of(1e30)),
    });
    const wanted = [variable(run, 'y0'), variable(run, `y${steps}`)];
    const found = differentiate(
      run.tape,
      wanted,
    )(new Map([[variable(run, `y${2 * steps}`), Gradient.of(Float64Array.of(1))]]));
    assert.ok(Math.abs((found.get(wanted[1])?.log10Norms([1], 0)[0] ?? 0) - 1200) < 1e-9);
    assert.ok(Math.abs(found.get(wanted[0])?.log10Norms([1], 0)[0] ?? 1) < 1e-9);
  });

  it('scales by any power of two', () => {
    assert.equal(scaled(1, -1074), 2 ** -1074);
    assert.equal(scaled(2 ** -1000, 2000), 2 ** 1000);
    assert.equal(scaled(1, 5000), Infinity);
    assert.equal(scaled(1, -5000), 0);
  });

  for (const name of ['far-tanh-vanishing', 'far-tanh-vanishing-1000'] as const) {
    const far = loadFarCase(name);
    it(`${name}: right at every lag by the states and the inputs of a recurrent operator`, () => {
      checkOperator(far);
    });
  }
  it('far-tanh-vanishing: right at every lag by an input that is cut into its steps', () => {
    checkUnrolled(loadFarCase('far-tanh-vanishing'));
  });
});

function sizesOf({ ids, hiddenSize: H, vocabularySize: V }: FarCase): { T: number; H: number; V: number } {
  return { T: ids.length - 1, H, V };
}

function oneHot({ ids }: FarCase, T: number, V: number): Tensor {
  const x = floats([T, 1, V]);
  for (let t = 0; t < T; t++) x.data[t * V + ids[t]] = 1;
  return x;
}

/** ∂ℓ_τ/∂(scores of the last step): p − the target's one. */
function seedOf({ ids }: FarCase, scores: Float64Array, V: number): Float64Array {
  const largest = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - largest));
  const sum = exponentials.reduce((all, each) => all + each, 0);
  return Float64Array.from({ length: V }, (_, v) => exponentials[v] / sum - Number(v === ids[ids.length - 1]));
}

function assertLogs(actual: Float64Array | undefined, expected: ArrayLike<number>, what: string): void {
  assert.ok(actual, what);
  assert.equal(actual.length, expected.length, what);
  for (let t = 0; t < expected.length; t++) {
    const found = actual[t];
    assert.ok(
      found === expected[t] || Math.abs(found - expected[t]) < 1e-6 * Math.max(1, Math.abs(expected[t])),
      `${what}, step ${t}: ${found} is not ${expected[t]}`,
    );
  }
}

const plainOperator = operators[0];

function checkOperator(far: FarCase): void {
  const { T, H, V } = sizesOf(far);
  const [layer] = far.model.layers;
  const bias = Float64Array.of(...layer.Wb, ...layer.Rb);
  const run = runModel(
    modelOf(
      graph(
        [
          node(plainOperator, ['x', 'W', 'R', 'B'], ['', 'last']),
          node('Reshape', ['last', 'shape'], ['row']),
          node('Gemm', ['row', 'outW', 'outB'], ['scores'], { transB: 1 }),
        ],
        ['x', 'W', 'R', 'B', 'outW', 'outB', 'shape'],
        ['scores'],
      ),
    ),
    {
      x: oneHot(far, T, V),
      W: floats([1, H, V], layer.W),
      R: floats([1, H, H], layer.R),
      B: floats([1, 2 * H], bias),
      outW: floats([V, H], far.model.output.W),
      outB: floats([V], far.model.output.b),
      shape: integers([2], [1, H]),
    },
  );
  const scores = variable(run, 'scores');
  const [state] = run.tape.steps[0].states;
  const x = variable(run, 'x');
  const found = differentiate(run.tape, [state, x])(
    new Map([[scores, Gradient.of(seedOf(far, scores.tensor.data, V))]]),
  );
  assertLogs(found.get(state)?.log10Norms(state.tensor.shape, 0), far.log10, 'by h_t');
  assertLogs(found.get(x)?.log10Norms(x.tensor.shape, 0), far.inputLog10, 'by x_t');
}

function checkUnrolled(far: FarCase): void {
  const { T, H, V } = sizesOf(far);
  const [layer] = far.model.layers;
  const steps = Array.from({ length: T }, (_, t) => [
    node('Gather', ['x', `t${t}`], [`x${t}`]),
    node('Gemm', [`x${t}`, 'W', 'bias'], [`a${t}`], { transB: 1 }),
    node('Gemm', [`h${t}`, 'R', `a${t}`], [`b${t}`], { transB: 1 }),
    node('Tanh', [`b${t}`], [`h${t + 1}`]),
  ]).flat();
  const places = Object.fromEntries(Array.from({ length: T }, (_, t) => [`t${t}`, integers([], [t])]));
  const inputs = {
    x: oneHot(far, T, V),
    W: floats([H, V], layer.W),
    R: floats([H, H], layer.R),
    bias: floats(
      [H],
      layer.Wb.map((each, i) => each + layer.Rb[i]),
    ),
    h0: floats([1, H]),
    outW: floats([V, H], far.model.output.W),
    outB: floats([V], far.model.output.b),
    ...places,
  };
  const run = runModel(
    modelOf(
      graph([...steps, node('Gemm', [`h${T}`, 'outW', 'outB'], ['scores'], { transB: 1 })], Object.keys(inputs), [
        'scores',
      ]),
    ),
    inputs,
  );
  const scores = variable(run, 'scores');
  const x = variable(run, 'x');
  const found = differentiate(run.tape, [x])(new Map([[scores, Gradient.of(seedOf(far, scores.tensor.data, V))]]));
  assertLogs(found.get(x)?.log10Norms(x.tensor.shape, 0), far.inputLog10, 'by x_t');
}
