/** Numbers as a person reads them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { decimalsOf, fixed, NumberFormat, scientific, significant } from '../../../src/terms/numberFormat';
import { sourcesOf } from '../support/parsedSources';

/** What a person never reads: an exponent as programs write it, or a hyphen before a number. */
const asPrograms = /e[+-]?\d|-/;

describe('decimals of a number', () => {
  it('are those it has, three at most, in spite of how it is represented', () => {
    for (const [value, expected] of [
      [4, 0],
      [-4.5, 1],
      [4.25, 2],
      [0.1 + 0.2, 1],
      [4.125, 3],
      [1 / 3, 3],
    ] as const)
      assert.equal(decimalsOf(value), expected, String(value));
  });
});

describe('numbers as a person reads them', () => {
  it('have a minus sign, and a power of ten where there would be many digits', () => {
    assert.deepEqual(
      [-1.21e39, 3.4028234663852886e38, -0.00123, 1e-45, 1, -12.5, 0, 99_999, 1e5].map((value) =>
        significant(value, 3),
      ),
      ['−1.21·10³⁹', '3.40·10³⁸', '−0.00123', '1.00·10⁻⁴⁵', '1', '−12.5', '0', '1.00·10⁵', '1.00·10⁵'],
    );
    assert.deepEqual(
      [1.26e-7, -9.99e9, 2, 0].map((value) => scientific(value, 1)),
      ['1.3·10⁻⁷', '−1.0·10¹⁰', '2.0', '0'],
    );
    assert.deepEqual(
      [2.0049, -2, 1e21, -4.2e30].map((value) => fixed(value, 2)),
      ['2.00', '−2.00', '1.00·10²¹', '−4.20·10³⁰'],
    );
  });

  it('are written with an exponent by this file alone, and by the terminal’s own', () => {
    const writers = ['src', 'webview']
      .flatMap(sourcesOf)
      .filter((path) => readFileSync(path, 'utf8').includes('.toExponential('));
    assert.deepEqual(writers, ['src/terminal/numbers.ts', 'src/terms/numberFormat.ts']);
  });

  it('say what is no number', () => {
    for (const write of [(value: number) => significant(value, 3), (value: number) => scientific(value, 2)])
      assert.deepEqual([Infinity, -Infinity, NaN].map(write), ['∞', '−∞', 'NaN']);
  });

  it('are the nearest to what they stand for, whatever their size', () => {
    for (let power = -300; power <= 300; power += 7)
      for (const mantissa of [1, -2.345, 9.994, 9.996]) {
        const value = mantissa * 10 ** power;
        const written = significant(value, 3);
        assert.doesNotMatch(written, asPrograms, written);
        assert.ok(Math.abs(valueOf(written) / value - 1) <= 0.0051, `${written} is ${value}`);
      }
  });

  it('are so in either language, also where a measured number is beyond reading', () => {
    for (const language of ['en', 'ko']) {
      const numbers = new NumberFormat(language);
      assert.deepEqual(
        [-1234.5, 4.2e30, -1e39].map((value) => numbers.decimals(value, 2)),
        ['−1,234.50', '4.2·10³⁰', '−1.0·10³⁹'],
      );
      assert.equal(numbers.integer(1_234_567_890_123), '1,234,567,890,123');
      assert.equal(numbers.plain(1e39), '1.0·10³⁹');
    }
  });
});

/** Read back. */
function valueOf(written: string): number {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const [mantissa, power = '0'] = written.replaceAll('−', '-').split('·10');
  const exponent = power.replace('⁻', '-').replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(digits.indexOf(digit)));
  return Number(`${mantissa}e${exponent}`);
}
