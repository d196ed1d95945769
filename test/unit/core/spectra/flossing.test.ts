/** Gradient flossing: exponents and gradients beside PyTorch's, by autograd through torch.linalg.qr, and beside central differences. */
import assert from 'node:assert/strict';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import type { GeneralModel, Weights } from '../../../../src/core/model/generalModel';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Parameters } from '../../../../src/core/model/parameters';
import { floss, type Flossing } from '../../../../src/core/spectra/flossing';
import { orthonormalize } from '../../../../src/core/spectra/orthonormal';
import { orthonormalizeBack } from '../../../../src/core/spectra/orthonormalBack';
import { Random } from '../../../../src/core/model/random';
import { cellNames, kindOf } from '../../../../src/layers/catalog';
import { float64CellOf } from '../../../../src/core/layers/registry';
import { assertClose, assertNear } from '../../../reference/compare';
import { loadRemedies, type FlossingCase } from '../../../reference/remedyVectors';
import { inFloat64 } from '../../support/inFloat64';

const vocabularySize = 5;
const roles = ['W', 'R', 'Wb', 'Rb'] as const;

/** In float64 throughout. */
function modelOf(each: FlossingCase): GeneralModel {
  const { cell, activation, positive, hidden, embeddingSize, norm, residual, parameters } = each;
  const config = uniformModel({
    ...{ ...plainStack, cell, activation, layers: parameters.length, hiddenSize: hidden },
    ...{ vocabularySize, embeddingSize, norm, residual, options: positive ? { positive } : {} },
  });
  const model = generalModelOf(config, new Parameters(config));
  const double = (values: readonly number[]) => Float64Array.from(values);
  return {
    ...model,
    embedding: each.embedding && double(each.embedding),
    layers: model.layers.map((layer, l) => ({
      ...layer,
      directions: layer.directions.map((direction) => ({
        ...direction,
        ...Object.fromEntries(roles.map((role) => [role, double(parameters[l][role] ?? [])])),
        initialStates: kindOf(cell).states.map((_, s) => double(each.first[l].slice(s * hidden, (s + 1) * hidden))),
      })),
      sublayers: layer.sublayers.map((sublayer) => ({
        ...sublayer,
        norm: sublayer.norm && {
          ...sublayer.norm,
          gamma: double(each.norms[l].gamma),
          beta: double(each.norms[l].beta),
        },
      })),
    })),
  };
}

function flossed(each: FlossingCase, model: GeneralModel): Flossing {
  const ids = Int32Array.from(each.ids);
  const starts = each.starts.map((Q) => [{ Q: Float64Array.from(Q), k: each.count }]);
  return floss(readInFloat64(model, ids, ids), starts);
}

/** The gradient by every weight of the cells and of the embedding is what moving it does. */
function assertDifferences(model: GeneralModel, of: () => Flossing): void {
  const gradient = of().gradient();
  assert.ok(gradient);
  const differences = (values: Weights) =>
    Float64Array.from(values, (value, i) => {
      const at = (moved: number) => {
        values[i] = moved;
        return of().loss;
      };
      // Of fourth order: where a direction nearly is lost, the exponents bend sharply.
      const step = 1e-5;
      const slope =
        (8 * (at(value + step) - at(value - step)) - (at(value + 2 * step) - at(value - 2 * step))) / (12 * step);
      values[i] = value;
      return slope;
    });
  model.layers.forEach(({ directions }, l) => {
    directions.forEach((own, d) => {
      for (const role of roles)
        assertClose(gradient.layers[l][d][role], differences(own[role]), 1e-6, `${role} of layer ${l}, direction ${d}`);
    });
  });
  if (model.embedding) assertClose(gradient.embedding ?? [], differences(model.embedding), 1e-6, 'embedding');
}

describe('gradient flossing', () => {
  for (const each of loadRemedies().flossing) {
    it(`${each.name}: exponents and gradients of all parameters are PyTorch’s`, () => {
      const { loss, exponents, gradient: take } = flossed(each, modelOf(each));
      const gradient = take();
      assertNear(loss, each.loss, 1e-12, 'Σ λ²');
      exponents.forEach(([own], l) => {
        assertClose(own, each.exponents[l], 1e-12, `exponents of layer ${l}`);
      });
      assert.ok(gradient);
      gradient.layers.forEach(([own], l) => {
        for (const role of roles)
          assertClose(own[role], each.gradients.layers[l][role] ?? [], 1e-10, `${role} of layer ${l}`);
      });
      each.gradients.norms.forEach((expected, l) => {
        const [found] = gradient.norms[l];
        assert.ok(found);
        for (const role of ['gamma', 'beta'] as const)
          assertClose(found[role], expected[role], 1e-10, `${role} of layer ${l}`);
      });
      if (each.gradients.embedding) assertClose(gradient.embedding ?? [], each.gradients.embedding, 1e-10, 'embedding');
    });

    it(`${each.name}: central differences agree`, () => {
      const model = modelOf(each);
      assertDifferences(model, () => flossed(each, model));
    });
  }

  for (const cell of ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'] as const)
    it(`${cell} in both directions: central differences agree`, () => {
      const sizes = { cell, layers: 2, hiddenSize: 2, bidirectional: true, activation: 'tanh' } as const;
      const config = uniformModel({ ...plainStack, ...sizes, vocabularySize, objective: 'masked' });
      const random = Random.fromSeed(5);
      const plain = new Parameters(config);
      for (let i = 0; i < plain.values.length; i++) plain.values[i] = random.normal();
      const model = inFloat64(generalModelOf(config, plain));
      const numbers = 2 * kindOf(cell).states.length;
      const Q = Float64Array.from({ length: 2 * numbers }, () => random.normal());
      orthonormalize(Q, numbers, 2, new Float64Array(2));
      const starts = model.layers.map(() => [
        { Q, k: 2 },
        { Q, k: 2 },
      ]);
      const ids = Int32Array.from({ length: 5 }, (_, t) => (3 * t * t) % vocabularySize);
      assertDifferences(model, () => floss(readInFloat64(model, ids, ids), starts));
    });

  it('has no gradient where a direction is lost', () => {
    const each = loadRemedies().flossing.find(({ name }) => name === 'relu');
    assert.ok(each);
    const dead = { ...each, parameters: each.parameters.map((own) => ({ ...own, Wb: own.Wb.map(() => -100) })) };
    const { loss, gradient } = flossed(dead, modelOf(dead));
    assert.deepEqual([loss, gradient()], [Infinity, null]);
  });

  it('nor where fewer units live than directions are followed', () => {
    const each = loadRemedies().flossing.find(({ name }) => name === 'relu');
    assert.ok(each);
    // All units but one: what rounding leaves of the second direction is no gradient.
    const parameters = each.parameters.map((own) => ({ ...own, Wb: own.Wb.map((_, i) => (i ? -100 : 100)) }));
    const unit = (i: number) => Array.from({ length: each.hidden }, (_, j) => Math.cos(1 + i * j + j * j));
    const starts = [unit(1).flatMap((x, j) => [x, unit(2)[j]])];
    const dead = { ...each, parameters, starts, count: 2 };
    const { loss, exponents, gradient } = flossed(dead, modelOf(dead));
    assert.ok(Number.isFinite(exponents[0][0][0]));
    assert.deepEqual([loss, gradient()], [Infinity, null]);
  });

  it('goes back through a QR of any sign, as central differences do', () => {
    const random = Random.fromSeed(3);
    const [n, k] = [6, 4];
    const normal = (length: number) => Float64Array.from({ length }, () => random.normal());
    const [Y, toQ, toLogs] = [normal(n * k), normal(n * k), normal(k)];
    const valueOf = (values: Float64Array) => {
      const [Q, logs, upper] = [values.slice(), new Float64Array(k), new Float64Array(k * k)];
      orthonormalize(Q, n, k, logs, upper);
      const value =
        Q.reduce((sum, q, i) => sum + q * toQ[i], 0) + logs.reduce((sum, log, i) => sum + log * toLogs[i], 0);
      return { Q, upper, value };
    };
    const { Q, upper } = valueOf(Y);
    const gradient = toQ.slice();
    orthonormalizeBack(Q, upper, toLogs, gradient, n, k);
    const differences = Y.map((value, i) => {
      const at = (moved: number) => valueOf(Y.map((other, j) => (j === i ? moved : other))).value;
      return (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
    });
    assertClose(gradient, differences, 1e-8, '∂Y');
  });

  it('is there for the kinds whose tangents have a way back, and for no other', () => {
    for (const name of cellNames) {
      const { mixer, notApplicable } = kindOf(name);
      const cell = mixer ? {} : float64CellOf(name);
      const hasWayBack = 'tangentsBack' in cell || 'logFactorsBack' in cell;
      assert.equal(notApplicable.flossing === undefined, hasWayBack, name);
    }
  });
});
