/** Numbers as they are read: the language's separators, a real minus sign, powers of ten with raised exponents. */

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

/** How many decimals a number has, at most three. */
export function decimalsOf(value: number): number {
  return [0, 1, 2].find((digits) => Math.abs(value - Number(value.toFixed(digits))) < 1e-9) ?? 3;
}

export class NumberFormat {
  private readonly formats = new Map<number, Intl.NumberFormat>();

  constructor(readonly language: string) {}

  /** With exactly this many decimals, thousands separated. */
  decimals(value: number, digits: number): string {
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
