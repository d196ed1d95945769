import assert from 'node:assert/strict';
import { Random } from '../../../src/core/model/random';
import { checkSampling, draw, samplingWeights, type SamplingSettings } from '../../../src/core/sampling';
import { refuseGeneration } from '../../../src/engine/sampling/sampler';

const probabilities = [0.1, 0.4, 0.05, 0.25, 0.2];
const all: SamplingSettings = { temperature: 1, topK: null, topP: null };

/** Each token's chance. */
function chances(
  settings: Partial<SamplingSettings>,
  excluded: number[] = [],
  from: readonly number[] = probabilities,
): number[] {
  const weights = samplingWeights(from, { ...all, ...settings }, new Set(excluded));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Array.from(weights, (weight) => weight / sum);
}

function near(actual: number[], expected: number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((chance, id) =>
    assert.ok(Math.abs(chance - expected[id]) < 1e-12, `token ${id}: ${chance}, not ${expected[id]}`),
  );
}

describe('sampling', () => {
  it('follows the prediction at temperature 1, p^(1/τ) at others, and takes the likeliest at 0', () => {
    near(chances({}), probabilities);
    const squares = probabilities.map((p) => p ** 2);
    const sum = squares.reduce((a, b) => a + b);
    near(
      chances({ temperature: 0.5 }),
      squares.map((square) => square / sum),
    );
    near(chances({ temperature: 0 }), [0, 1, 0, 0, 0]);
    near(chances({ temperature: 1e-3 }), [0, 1, 0, 0, 0]);
    near(chances({ temperature: 1e9 }, [], [0.5, 0.5]), [0.5, 0.5]);
  });

  it('draws from the K likeliest', () => {
    near(chances({ topK: 2 }), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]);
    near(chances({ topK: 1 }), [0, 1, 0, 0, 0]);
    near(chances({ topK: 9 }), probabilities);
    near(chances({ topK: 1 }, [], [0.3, 0.35, 0.35]), [0, 1, 0]);
  });

  it('draws from the fewest that together have probability p', () => {
    near(chances({ topP: 0.4 }), [0, 1, 0, 0, 0]);
    near(chances({ topP: 0.41 }), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]);
    near(chances({ topP: 0.8 }), [0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85]);
    near(chances({ topP: 1 }), probabilities);
    near(chances({ topP: 1e-9 }), [0, 1, 0, 0, 0]);
  });

  it('takes temperature before top-k, and top-k before top-p', () => {
    // Squares of the three likeliest: 0.16, 0.0625, 0.04 of 0.2625; 0.16 is 0.61 of them.
    near(chances({ temperature: 0.5, topK: 3, topP: 0.6 }), [0, 1, 0, 0, 0]);
    near(chances({ temperature: 0.5, topK: 3, topP: 0.62 }), [0, 0.16 / 0.2225, 0, 0.0625 / 0.2225, 0]);
  });

  it('never draws what is excluded', () => {
    near(chances({}, [1, 3]), [0.1 / 0.35, 0, 0.05 / 0.35, 0, 0.2 / 0.35]);
    near(chances({ temperature: 0 }, [1]), [0, 0, 0, 1, 0]);
    near(chances({ topK: 1 }, [1]), [0, 0, 0, 1, 0]);
  });

  it('draws as often as the chances say', () => {
    const random = Random.fromSeed(11);
    const weights = samplingWeights(probabilities, all, new Set());
    const draws = 20_000;
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < draws; i++) counts[draw(weights, random)]++;
    const chiSquare = counts.reduce(
      (sum, count, id) => sum + (count - draws * probabilities[id]) ** 2 / (draws * probabilities[id]),
      0,
    );
    // The 99.9 % point of χ² with 4 degrees of freedom.
    assert.ok(chiSquare < 18.47, `χ² = ${chiSquare}`);
  });

  it('refuses settings out of range', () => {
    for (const [settings, sentence] of [
      [{ temperature: -1 }, /temperature is -1/],
      [{ temperature: NaN }, /temperature is NaN/],
      [{ topK: 0 }, /number of likeliest tokens is 0/],
      [{ topK: 1.5 }, /number of likeliest tokens is 1\.5/],
      [{ topP: 0 }, /greater than 0 and at most 1/],
      [{ topP: 1.1 }, /greater than 0 and at most 1/],
    ] as const) {
      assert.throws(() => checkSampling({ ...all, ...settings }), sentence);
    }
  });

  it('refuses a prediction that no token can be drawn from', () => {
    for (const settings of [{}, { temperature: 0 }, { topK: 1 }, { topP: 0.5 }])
      for (const [from, excluded] of [
        [[NaN, NaN], []],
        [[0.5, NaN], []],
        [[Infinity, 0], []],
        [[1, 0, 0], [0]],
      ] as const)
        assert.throws(() => chances(settings, [...excluded], from), /^UserError: No token can be drawn/);
    near(chances({}, [0], [NaN, 1]), [0, 1]);
  });

  it('is refused, with the reason, for models that do not predict the next token', () => {
    refuseGeneration({ bidirectional: false, objective: 'next' });
    assert.throws(
      () => refuseGeneration({ bidirectional: true, objective: 'masked' }),
      /^UserError: A bidirectional model cannot generate text: it reads what follows/,
    );
    assert.throws(
      () => refuseGeneration({ bidirectional: false, objective: 'masked' }),
      /^UserError: This model was trained on masked tokens/,
    );
  });

  it('begins as evenly as it goes on: the first number of neighboring seeds is anything from 0 to 1', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 10_000; seed++) tenths[Math.floor(10 * Random.forDrawing(seed).uniform())]++;
    // χ² with 9 degrees of freedom is above 33.7 once in ten thousand times.
    const chiSquare = tenths.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    assert.ok(chiSquare < 33.7, `${tenths.join(' ')}: ${chiSquare}`);
  });
});
