import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { operatorNames } from '../../../../src/core/graph/operators';
import type { ElementKind, Tensor } from '../../../../src/core/graph/tensor';
import { difference, gradientsBy, graph, modelOf, node, runModel, variable, type PlainAttribute } from './support';

interface PlainTensor {
  readonly kind: ElementKind;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One node, as test/vectors/graph_vectors.py and those beside it have it from PyTorch. */
interface OperatorCase {
  readonly domain?: string;
  readonly operator: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, PlainAttribute>>;
  readonly inputs: readonly (PlainTensor | null)[];
  readonly outputs: readonly PlainTensor[];
  readonly seeds: readonly (PlainTensor | null)[];
  readonly gradients: readonly (PlainTensor | null)[];
}

const cases = ['operators', 'attention', 'runtimeAttention', 'fused', 'weightOnly'].flatMap(
  (file) => JSON.parse(readFileSync(`test/vectors/data/graph/${file}.json`, 'utf8')) as OperatorCase[],
);
const tensorOf = ({ kind, shape, data }: PlainTensor): Tensor => ({ kind, shape, data: Float64Array.from(data) });

/** Without a derivative, or made of nothing: what PyTorch has no function for stands in other tests. */
const elsewhere = new Set([
  'Constant',
  'ConstantFill',
  'IsInf',
  'IsNaN',
  'BitShift',
  'BitwiseAnd',
  'BitwiseOr',
  'BitwiseXor',
  'DequantizeLinear',
  'Hardmax',
  'Scatter',
  'SpaceToDepth',
]);

describe('graph mode: operators against PyTorch', () => {
  it('every operator of the table has a vector', () => {
    const tried = new Set(cases.map(({ operator, domain }) => `${domain ?? ''}.${operator}`));
    assert.deepEqual(
      operatorNames.filter(({ domain, name }) => !tried.has(`${domain}.${name}`) && !elsewhere.has(name)),
      [],
    );
  });

  for (const [number, each] of cases.entries()) {
    const { domain = '', operator, opset, attributes, inputs, outputs, seeds, gradients } = each;
    const shapes = inputs.map((input) => (input ? `[${input.shape.join(',')}]` : '-')).join(' ');
    it(`${domain}${domain && '.'}${operator}-${opset} ${shapes} ${JSON.stringify(attributes)} (${number})`, () => {
      const inputNames = inputs.map((input, i) => (input ? `x${i}` : ''));
      const outputNames = outputs.map((_, i) => `y${i}`);
      const model = modelOf(
        graph(
          [node(operator, inputNames, outputNames, attributes, domain)],
          inputNames.filter((name) => name !== ''),
          outputNames,
        ),
        opset,
      );
      const run = runModel(
        model,
        Object.fromEntries(inputs.flatMap((input, i) => (input ? [[`x${i}`, tensorOf(input)]] : []))),
      );
      const results = outputNames.map((name) => variable(run, name));
      for (const [i, expected] of outputs.entries()) {
        assert.deepEqual(results[i].tensor.shape, expected.shape, `shape of output ${i}`);
        assert.equal(results[i].tensor.kind, expected.kind, `kind of output ${i}`);
        assert.ok(
          difference(results[i].tensor.data, expected.data) < 1e-12,
          `output ${i}: ${results[i].tensor.data.join(' ')} is not ${expected.data.join(' ')}`,
        );
      }
      const given = new Map(seeds.flatMap((seed, i) => (seed ? [[results[i], Float64Array.from(seed.data)]] : [])));
      const present = inputs.flatMap((input, i) => (input ? [i] : []));
      const found = gradientsBy(
        run,
        given,
        present.map((i) => variable(run, `x${i}`)),
      );
      for (const [k, i] of present.entries()) {
        const expected = gradients[i]?.data ?? (inputs[i]?.kind === 'float' ? inputs[i].data.map(() => 0) : undefined);
        if (!expected) continue;
        const gradient = found[k] ?? new Float64Array(expected.length);
        assert.ok(
          difference(gradient, expected) < 1e-11,
          `gradient by input ${i}: ${gradient.join(' ')} is not ${expected.join(' ')}`,
        );
      }
    });
  }
});
