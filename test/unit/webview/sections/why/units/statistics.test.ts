import assert from 'node:assert/strict';
import { Random } from '../../../../../../src/core/model/random';
import { orderOf } from '../../../../../../webview/sections/why/units/order';
import { statisticsOf } from '../../../../../../webview/sections/why/units/statistics';

/** T × H, time-major. */
function valuesOf(steps: number, units: number, value: (t: number, u: number) => number): Float32Array {
  return Float32Array.from({ length: steps * units }, (_, i) => value(Math.floor(i / units), i % units));
}

describe('what the page computes of units', () => {
  it('half-life: ln ½ / mean ln f, so 1 token at f = ½, 6.58 at 0.9, none where the gate is always 1', () => {
    const gates = [0.5, 0.9, 1, 0];
    const { halfLife } = statisticsOf(
      valuesOf(10, 4, (_, u) => gates[u]),
      4,
      'forgetGate',
      true,
    );
    assert.ok(Math.abs(halfLife![0] - 1) < 1e-6);
    assert.ok(Math.abs(halfLife![1] - Math.log(0.5) / Math.log(0.9)) < 1e-5);
    assert.equal(halfLife![2], Infinity);
    assert.equal(halfLife![3], 0);
    // A gate that alternates between two values has their geometric mean.
    const alternating = statisticsOf(
      valuesOf(10, 1, (t) => (t % 2 ? 0.25 : 1)),
      1,
      'updateGate',
      true,
    );
    assert.ok(Math.abs(alternating.halfLife![0] - 1) < 1e-6);
  });

  it('saturation: a gate under 0.1 or over 0.9, a tanh unit beyond ±0.95, nothing else', () => {
    const gate = statisticsOf(
      valuesOf(10, 2, (t, u) => (u === 0 ? (t < 3 ? 0.05 : 0.5) : t < 4 ? 0.95 : 0.899)),
      2,
      'inputGate',
      true,
    );
    assert.deepEqual([...gate.left!], [0.3, 0]);
    assert.deepEqual([...gate.right!], [0, 0.4]);
    // tanh(1.8318) = 0.95, where the slope 1 − h² is 0.0975.
    const tanh = statisticsOf(
      valuesOf(4, 1, (t) => [1.8317, 1.8319, -1.8319, 0][t]),
      1,
      'preActivation',
      true,
    );
    assert.deepEqual([tanh.left![0], tanh.right![0]], [0.25, 0.25]);
    assert.equal(
      statisticsOf(
        valuesOf(4, 1, () => 1),
        1,
        'preActivation',
        false,
      ).left,
      null,
    );
    assert.equal(
      statisticsOf(
        valuesOf(4, 1, () => 1),
        1,
        'hidden',
        true,
      ).left,
      null,
    );
  });

  it('a unit is dead only where it is 0 at every step, and its variance is that of its values', () => {
    const { isZero, variance } = statisticsOf(
      valuesOf(100, 3, (t, u) => (u === 0 ? 0 : u === 1 ? Number(t === 50) : t % 2)),
      3,
      'hidden',
      false,
    );
    assert.deepEqual(isZero, [true, false, false]);
    assert.deepEqual(
      [...variance].map((value) => Math.round(value * 1e6) / 1e6),
      [0, 0.0099, 0.25],
    );
  });

  it('orders: the most saturated first, the most varied first, and units that move together side by side', () => {
    const random = Random.fromSeed(5);
    const units = 24;
    // Three courses, dealt to the units in turn, with a little noise.
    const values = valuesOf(
      200,
      units,
      (t, u) => Math.sin((t * (1 + (u % 3))) / 7 + (u % 3)) * (1 + u / 10) + 0.02 * random.uniform(),
    );
    const statistics = statisticsOf(values, units, 'hidden', true);
    assert.equal(orderOf('index', values, units, statistics), null);
    assert.deepEqual([...orderOf('variance', values, units, statistics)!].slice(0, 2), [23, 22]);
    const order = [...orderOf('similarity', values, units, statistics)!];
    assert.deepEqual(
      order.slice().sort((a, b) => a - b),
      Array.from({ length: units }, (_, i) => i),
      'every unit once',
    );
    const changes = order.filter((unit, i) => i > 0 && unit % 3 !== order[i - 1] % 3).length;
    assert.equal(changes, 2, 'each of the three courses is one block');
    const gates = valuesOf(10, 3, (t, u) => [0.5, 0.95, t < 5 ? 0.05 : 0.5][u]);
    assert.deepEqual([...orderOf('saturation', gates, 3, statisticsOf(gates, 3, 'forgetGate', true))!], [1, 2, 0]);
  });
});
