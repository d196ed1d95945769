/** Which series are level, and what their level and slope are: series with closed forms. */
import { strict as assert } from 'node:assert';
import { levelOf } from '../../../src/terms/seriesSummary';
import { measuresOf } from '../../../src/protocol/seriesMeasures';
import { assertNear } from '../../reference/compare';

const thresholds = { vanishing: -3, exploding: 2 };
/** Relative to the target, the last step. */
const series = (lags: number, atLag: (lag: number) => number): Float64Array =>
  Float64Array.from({ length: lags + 1 }, (_, t) => (t === lags ? 0 : atLag(lags - t)));

describe('the level of a per-target gradient', () => {
  it('of uniform attention is the weight 1/(τ + 1) of every earlier token, with slope 0', () => {
    // Through the values alone, beside the target's own step with its residual: every earlier step gets the same.
    const T = 200;
    const level = levelOf(
      series(T - 1, () => Math.log10(1 / T)),
      T - 1,
      thresholds,
    );
    assert.ok(level);
    assertNear(level.log10, -Math.log10(T), 1e-12, 'level');
    assertNear(level.slope, 0, 1e-12, 'slope', true);
  });

  it('of a linear RNN of radius g has slope ln g, while the whole text changes it by less than a third of the threshold', () => {
    for (const g of [0.995, 1, 1.005]) {
      const level = levelOf(
        series(200, (lag) => lag * Math.log10(g)),
        200,
        thresholds,
      );
      assert.ok(level, `g = ${g}`);
      assertNear(level.slope, Math.log(g), 1e-12, 'slope');
      assertNear(level.log10, 100.5 * Math.log10(g), 1e-12, 'level');
    }
    // 199 lags of ln g are ln 10: the border itself.
    const border = 10 ** (-1 / 199);
    const at = (g: number) =>
      levelOf(
        series(200, (lag) => lag * Math.log10(g)),
        200,
        thresholds,
      );
    assert.ok(at(border * 1.0001));
    assert.equal(at(border * 0.9999), null);
    assert.equal(at(0.9), null);
  });

  it('is that of the line through a scattered series: what crosses the threshold by chance is level all the same', () => {
    const level = levelOf(
      series(240, (lag) => -3 + Math.sin(2.4 * lag)),
      240,
      thresholds,
    );
    assert.ok(level && Math.abs(level.log10 + 3) < 0.02 && Math.abs(level.slope) < 1e-3);
  });

  it('is none where the gradient falls, where it is exactly zero or cannot arrive, and over fewer than eight lags', () => {
    // A power law, as a state-space model can have.
    assert.equal(
      levelOf(
        series(200, (lag) => -2 - 1.5 * Math.log10(lag)),
        200,
        thresholds,
      ),
      null,
    );
    for (const missing of [-Infinity, NaN])
      assert.equal(
        levelOf(
          series(40, (lag) => (lag > 30 ? missing : -1)),
          40,
          thresholds,
        ),
        null,
      );
    assert.equal(
      levelOf(
        series(7, () => -1),
        7,
        thresholds,
      ),
      null,
    );
    assert.ok(
      levelOf(
        series(8, () => -1),
        8,
        thresholds,
      ),
    );
  });

  it('is none where the middle of the text lies below both of its ends, which no straight line shows', () => {
    // Falls by three powers of ten and rises again: the least-squares line is flat.
    const dip = (depth: number) => series(120, (lag) => depth * (Math.abs(lag - 60.5) / 59.5 - 1));
    assert.equal(levelOf(dip(3), 120, thresholds), null);
    assert.equal(levelOf(dip(-3), 120, thresholds), null, 'rises and falls again');
    // Means of a quarter are ¾ and ¼ of the depth: they differ by half of it.
    assert.equal(levelOf(dip(2.1), 120, thresholds), null);
    assert.ok(levelOf(dip(1.9), 120, thresholds));
  });

  it('is none of tokens that are either large or small, of which no one number says anything', () => {
    // Every second, or every fifth, token at 10⁻⁴, the others at 10⁻¹.
    const some = (period: number) => series(120, (lag) => (lag % period === 0 ? -4 : -1));
    assert.equal(levelOf(some(2), 120, thresholds), null);
    assert.ok(levelOf(some(5), 120, thresholds));
  });

  it('follows the threshold: a third of it is what may change', () => {
    const slow = series(100, (lag) => -0.02 * lag);
    assert.equal(levelOf(slow, 100, thresholds), null);
    assert.ok(levelOf(slow, 100, { vanishing: -8, exploding: 2 }));
  });
});

describe('what a series comes to', () => {
  it('is the same of a direction that reads from the end, its lags counted toward later tokens', () => {
    // NaN behind the target, where the state of that step is not read.
    const forward = Float64Array.from([-4, -3.5, -2, -1, 0, NaN, NaN]);
    const expected = { horizon: 3, slope: -Math.LN10, level: null };
    const ofBoth = [
      measuresOf(forward, 4, 'forward', thresholds),
      measuresOf(forward.toReversed(), 2, 'backward', thresholds),
    ];
    for (const { horizon, slope, level } of ofBoth) {
      assert.deepEqual({ horizon, level }, { horizon: expected.horizon, level: null });
      // From 0 to −4 powers of ten over four tokens.
      assertNear(slope ?? NaN, expected.slope, 1e-12, 'slope');
    }
  });
});
