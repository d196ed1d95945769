/** Cells of a sweep, their medians, their scales, and the sentence over them. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import { pageStringsOf } from '../../../../../src/messages';
import type { ShownSweep, ShownTrial } from '../../../../../src/pageContract/sweep';
import { cellsOf, measuresOf, orderOf, usualAxes } from '../../../../../webview/sections/sweep/sweepCells';
import { cellAt, colorScale, placesOf } from '../../../../../webview/sections/sweep/sweepScale';
import { sweepVerdict } from '../../../../../webview/sections/sweep/sweepVerdict';
import { Texts } from '../../../../../webview/shared/texts';
import { sweepOf } from '../../../../webview/syntheticSweep';

const texts = new Texts(pageStringsOf(english), 'en');

const near = (actual: readonly number[], expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-9, `${actual.join()} is ${expected.join()}`),
  );
};

describe("a sweep's cells", () => {
  /** One cell of three seeds, and another. */
  const horizons = (...trials: readonly Partial<ShownTrial>[]) => {
    const sweep = sweepOf({ kind: ['rnn', 'lstm'], gain: ['1'] }, 4, ({ kind, seed }) =>
      kind === 'rnn' ? (trials[seed - 1] ?? { state: 'waiting' }) : {},
    );
    return cellsOf(sweep, { x: 0, y: 1 }, 'horizon')[0];
  };

  it('are medians over the trials that are done: of other settings and seeds', () => {
    assert.deepEqual(horizons({ horizon: 10 }, { horizon: 40 }, { horizon: 20 }).median, {
      value: 20,
      relation: 'equal',
      of: 3,
    });
    assert.deepEqual(horizons({ horizon: 10 }, { horizon: 20 }).median, { value: 15, relation: 'equal', of: 2 });
    const part = horizons({ horizon: 10 }, { state: 'failed' }, { state: 'stopped', horizon: 90 });
    assert.deepEqual(
      [part.median, part.trials.length, part.isOfStopped],
      [{ value: 10, relation: 'equal', of: 1 }, 4, false],
    );
  });

  it('are those of stopped trials where none is done, and have no number where there is none', () => {
    const stopped = horizons({ state: 'stopped', horizon: 90 }, { state: 'failed' });
    assert.deepEqual([stopped.median?.value, stopped.isOfStopped], [90, true]);
    const none = horizons({ state: 'failed' }, { state: 'diverged' }, { state: 'begun' });
    assert.deepEqual([none.median, none.isOfStopped], [null, false]);
  });

  it('say no more of horizons beyond the text than is known', () => {
    const beyond = { horizon: null, within: 128 };
    assert.deepEqual(horizons(beyond, { horizon: 10 }, { horizon: 20 }).median, {
      value: 20,
      relation: 'equal',
      of: 3,
    });
    assert.deepEqual(horizons(beyond, { horizon: 10 }, beyond).median, { value: 128, relation: 'above', of: 3 });
    // Half of 20 and something above 128.
    assert.deepEqual(horizons(beyond, { horizon: 20 }).median, { value: 74, relation: 'above', of: 2 });
    // Looked at within fewer tokens: it may be larger than the one in the middle.
    const shorter = { horizon: null, within: 5 };
    assert.deepEqual(horizons(shorter, { horizon: 10 }, { horizon: 20 }).median, {
      value: 10,
      relation: 'atLeast',
      of: 3,
    });
    assert.equal(horizons({ horizon: null, within: null }).median, null);
  });

  it('stand in the order of numbers, or in the one that was given', () => {
    const sweep = sweepOf({ gain: ['10', '9', '0.5'], kind: ['rnn', 'gru'] }, 1, ({ gain, kind }) => ({
      loss: Number(gain) + (kind === 'gru' ? 0.25 : 0),
    }));
    assert.deepEqual(
      cellsOf(sweep, { x: 0, y: 1 }, 'loss').map(({ median }) => median?.value),
      [0.5, 9, 10, 0.75, 9.25, 10.25],
    );
    assert.deepEqual(orderOf(['b', 'a', '1']), [0, 1, 2]);
  });

  it('are over the first two settings with several values, unless others are chosen', () => {
    const axes = (grid: Readonly<Record<string, readonly string[]>>) => usualAxes(sweepOf(grid, 2, () => ({})));
    assert.deepEqual(axes({ a: ['1'], b: ['1', '2'], c: ['1', '2'] }), { x: 1, y: 2 });
    assert.deepEqual(axes({ a: ['1'], b: ['1', '2'] }), { x: 1, y: 0 });
    assert.deepEqual(axes({ a: ['1', '2'] }), { x: 0, y: 1 });
  });

  it('are colored by what some trial has', () => {
    const of = (trial: Partial<ShownTrial>) => measuresOf(sweepOf({ a: ['1'] }, 1, () => trial));
    assert.deepEqual(of({ validationLoss: null }), ['horizon', 'loss']);
    assert.deepEqual(of({ state: 'failed' }), []);
  });
});

describe("a sweep's scales", () => {
  it('have positive numbers at their logarithms, with borders midway; else equal distances', () => {
    near(placesOf(['1', '10', '100'], 300, 10).edges, [0, 100, 200, 300]);
    // Of 16, 32 and 128 the middles are 2^4.5 and 2^6, the ends as far outside: 2^3.5 and 2^8.
    near(placesOf(['16', '32', '128'], 450, 10).edges, [0, 100, 250, 450]);
    for (const [values, least] of [
      [['rnn', 'lstm'], 10],
      [['0', '1'], 10],
      [['1', '1.01', '100'], 10],
    ] as const) {
      const places = placesOf(values, 300, least);
      assert.equal(places.isLogarithmic, false, values.join());
      near(
        places.edges,
        Array.from({ length: values.length + 1 }, (_, i) => (i * 300) / values.length),
      );
    }
    assert.deepEqual(
      [-1, 0, 99, 101, 449, 450].map((place) => cellAt(placesOf(['16', '32', '128'], 450, 10), place)),
      [null, 0, 0, 1, 2, null],
    );
  });

  it('color horizons by their logarithms always, losses from a factor of ten on', () => {
    const scale = (measure: 'horizon' | 'loss', values: readonly number[]) => {
      const sweep = sweepOf({ a: values.map((_, i) => `v${i}`) }, 1, ({ a }) => ({
        [measure]: values[Number(a.slice(1))],
      }));
      return colorScale(cellsOf(sweep, { x: 0, y: 1 }, measure), measure, 'dark');
    };
    assert.equal(scale('horizon', [10, 20])?.isLogarithmic, true);
    assert.equal(scale('loss', [1, 2])?.isLogarithmic, false);
    assert.equal(scale('loss', [0.1, 2])?.isLogarithmic, true);
    assert.equal(scale('loss', [0, 2])?.isLogarithmic, false);
    const three = scale('horizon', [1, 10, 100]);
    assert.equal(three?.map.colorOf(three.placeOf(10)), three?.map.colorOf((three.map.low + three.map.high) / 2));
    // One value alone has a color too.
    assert.ok(Number.isFinite(scale('loss', [2])?.map.colorOf(2)));
  });
});

describe("the sentence over a sweep's picture", () => {
  const said = (sweep: ShownSweep, measure: 'horizon' | 'loss' = 'horizon') =>
    sweepVerdict(sweep, { x: 0, y: 1 }, measure, texts);
  const gains = { gain: ['2', '1'], window: ['a', 'b', 'c', 'd'] };

  it('says that the number grows or falls with a setting, where every pair that differs only in it does', () => {
    assert.equal(
      said(sweepOf(gains, 1, ({ gain, window }) => ({ horizon: 10 * Number(gain) + window.charCodeAt(0) }))).split(
        '. ',
      )[0],
      'The horizon grows with gain: in each of the 4 pairs of trials that differ only in it and can be compared.',
    );
    assert.match(
      said(
        sweepOf(gains, 1, ({ gain }) => ({ loss: 5 - Number(gain) })),
        'loss',
      ),
      /^The loss falls with gain/,
    );
  });

  it('says nothing where one pair is otherwise or the same, where there are few, or of seeds', () => {
    assert.equal(said(sweepOf(gains, 1, ({ gain, window }) => ({ horizon: window === 'c' ? 7 : Number(gain) }))), '');
    assert.equal(
      said(sweepOf({ gain: ['1', '2', '3'], window: ['a'] }, 1, ({ gain }) => ({ horizon: Number(gain) }))),
      '',
    );
    const seeds = sweepOf({ gain: ['1'] }, 9, ({ seed }) => ({ horizon: seed }));
    assert.equal(sweepVerdict(seeds, { x: 1, y: 0 }, 'horizon', texts), '');
  });

  it('compares only trials that are done, and horizons whose order is known', () => {
    // 1 → 2 grows in each; that of gain 2 is beyond 20 tokens, which is above 10 and not above 30.
    const beyond = (small: number) =>
      said(sweepOf(gains, 1, ({ gain }) => (gain === '2' ? { horizon: null, within: 20 } : { horizon: small })));
    assert.match(beyond(10), /grows with gain: in each of the 4 pairs/);
    assert.equal(beyond(30), '');
    assert.equal(
      said(sweepOf(gains, 1, ({ gain }) => ({ horizon: Number(gain), state: gain === '2' ? 'stopped' : 'done' }))),
      '',
    );
  });

  it('names the value that is best in every group', () => {
    const kinds = { kind: ['rnn', 'lstm'], window: ['1', '2', '3', '4'] };
    const horizon = sweepOf(kinds, 1, ({ kind, window }) => ({
      horizon: (kind === 'lstm' ? 50 : 10) + (Number(window) % 2),
    }));
    assert.equal(
      said(horizon),
      'kind lstm has the largest horizon: in each of the 4 groups of trials that differ only in it.',
    );
    const loss = sweepOf(kinds, 1, ({ kind, window }) => ({ loss: (kind === 'lstm' ? 1 : 2) + (Number(window) % 2) }));
    assert.equal(
      said(loss, 'loss'),
      'kind lstm has the smallest loss: in each of the 4 groups of trials that differ only in it.',
    );
    assert.equal(said(sweepOf(kinds, 1, ({ window }) => ({ horizon: Number(window) % 2 }))), '');
  });
});
