/**
 * Numbers as a person reads them in the editor and the page: the language's separators, a real minus sign, powers of ten with raised exponents. What is read back by
 * programs, and the terminal's columns, have digits alone.
 */

const raised: Readonly<Record<string, string>> = {
  '-': '⁻',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

/** 10⁻³; 1 for exponent 0. The exponent is an integer. */
export function powerOfTen(exponent: number): string {
  if (exponent === 0) return '1';
  return '10' + String(exponent).replace(/./g, (character) => raised[character]);
}

/** 1.21·10³⁹, −5.0·10⁻³: a mantissa with so many decimals, and a power of ten, which is left out where it is 1. */
export function scientific(value: number, decimals: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return notFinite(value);
  const [mantissa, exponent] = value.toExponential(decimals).split('e');
  const power = Number(exponent);
  return (power === 0 ? mantissa : `${mantissa}·${powerOfTen(power)}`).replace('-', '−');
}

/** How far two computations are from each other; what is no number is as far away as can be. */
export function differenceInWords(difference: number): string {
  return Number.isNaN(difference) ? '∞' : significant(difference, 2);
}

/** 0.37, −12.5, 1.21·10³⁹: so many digits, no zeros behind them, and a power of ten where there would be many before or behind. In every language the same. */
export function significant(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  return size === 0 || (size >= few && size < many) ? String(rounded).replace('-', '−') : scientific(value, digits - 1);
}

/** With so many decimals, and a power of ten where there would be many digits before them. In every language the same. */
export function fixed(value: number, decimals: number): string {
  return Math.abs(value) < many ? value.toFixed(decimals).replace('-', '−') : scientific(value, 2);
}

/** Below the one, and from the other on, zeros and digits would be counted rather than read. */
const [few, many] = [1e-3, 1e5];

function notFinite(value: number): string {
  return value > 0 ? '∞' : value < 0 ? '−∞' : 'NaN';
}

/** How many decimals a number has, at most three. */
export function decimalsOf(value: number): number {
  return [0, 1, 2].find((digits) => Math.abs(value - Number(value.toFixed(digits))) < 1e-9) ?? 3;
}

/** Of a measured number, and of a whole one, which may be exact. */
const [unread, unreadWhole] = [1e7, 1e15];

export class NumberFormat {
  private readonly formats = new Map<number, Intl.NumberFormat>();

  constructor(readonly language: string) {}

  /** With exactly this many decimals, thousands separated; sizes of which nobody reads the digits, in short. */
  decimals(value: number, digits: number): string {
    if (Math.abs(value) >= (digits > 0 ? unread : unreadWhole)) return this.short(value);
    let format = this.formats.get(digits);
    if (!format) {
      format = new Intl.NumberFormat(this.language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        signDisplay: 'negative',
      });
      this.formats.set(digits, format);
    }
    return format.format(value).replace('-', '−');
  }

  integer(value: number): string {
    return this.decimals(value, 0);
  }

  /** As few decimals as it has, at most three. */
  plain(value: number): string {
    return this.decimals(value, decimalsOf(value));
  }

  /** Two or three significant digits: 0.86, 12.3, 130, or 5.0·10⁻³ where that is shorter than counting zeros. */
  short(value: number): string {
    if (value === 0) return '0';
    if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : '?';
    return (value < 0 ? '−' : '') + this.fromLog10(Math.log10(Math.abs(value)));
  }

  /** The same for 10^exponent, for sizes no float can hold. */
  fromLog10(exponent: number): string {
    if (exponent >= -1 && exponent < 5) {
      const value = 10 ** exponent;
      return this.decimals(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
    }
    let power = Math.floor(exponent);
    let mantissa = Math.round(10 ** (exponent - power + 1)) / 10;
    if (mantissa >= 10) {
      mantissa /= 10;
      power++;
    }
    return `${this.decimals(mantissa, 1)}·${powerOfTen(power)}`;
  }

  /** Whole per cent, but never 0 for something nor 100 for not quite all. */
  percent(part: number, whole: number): string {
    const share = whole > 0 ? (100 * part) / whole : 0;
    if (part > 0 && share < 0.1) return '<' + this.decimals(0.1, 1);
    return this.decimals(share, share > 0 && share < 1 ? 1 : share > 99 && share < 100 ? 1 : 0);
  }
}
