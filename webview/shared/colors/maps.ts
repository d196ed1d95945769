/** From values to colors: the baked tables, and the colors of what is on no scale. */
import { tables } from './tables';

const entries = 256;

/** A pixel of ImageData as one number: alpha, blue, green, red from the highest byte (browsers run on little-endian machines). */
export function pixel(red: number, green: number, blue: number, alpha = 255): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Colors of values without a place on a scale; the same on every scale of one page. */
export interface SpecialColors {
  readonly zero: number;
  /** Transparent, so that the hatching under it shows. */
  readonly unreachable: number;
  readonly notFinite: number;
}

export const specialColors: Readonly<Record<'light' | 'dark', SpecialColors>> = {
  light: { zero: pixel(0x6e, 0x6e, 0x6e), unreachable: 0, notFinite: pixel(0xc9, 0x12, 0x8b) },
  dark: { zero: pixel(0x9a, 0x9a, 0x9a), unreachable: 0, notFinite: pixel(0xff, 0x4d, 0xc4) },
};

/** A linear scale from `low` (first entry) to `high` (last entry); values beyond take the end's color. */
export class ColorMap {
  private readonly factor: number;

  constructor(
    private readonly table: Uint32Array,
    readonly low: number,
    readonly high: number,
    private readonly negativeInfinity: number,
    private readonly nan: number,
    private readonly positiveInfinity: number,
  ) {
    this.factor = (entries - 1) / (high - low);
  }

  /** The pixel of a value. */
  colorOf(value: number): number {
    if (!Number.isFinite(value))
      return Number.isNaN(value) ? this.nan : value < 0 ? this.negativeInfinity : this.positiveInfinity;
    const index = Math.round((value - this.low) * this.factor);
    return this.table[index < 0 ? 0 : index >= entries ? entries - 1 : index];
  }

  /** Pixels of many values. */
  paint(values: Float32Array, pixels: Uint32Array): void {
    const { table, low, factor } = this;
    for (let i = 0; i < values.length; i++) {
      const place = (values[i] - low) * factor;
      // Comparisons are false for NaN, which is then neither.
      if (place >= 0 && place < entries - 1) pixels[i] = table[(place + 0.5) | 0];
      else pixels[i] = this.colorOf(values[i]);
    }
  }
}

/** Powers of ten drawn by the flow's scale; fixed, so that two frames or two runs can be compared by eye. */
export const flowScale = { low: -8, high: 4 } as const;
/** Those that are named where there is room for few. */
export const flowTicks = [flowScale.high, 0, -4, flowScale.low];

/** The same colors for what one step does, where a factor of ten is much. */
export const stepScale = { low: -2, high: 1 } as const;
export const stepTicks = [stepScale.high, 0, -1, stepScale.low];

const decoded = new Map<string, Uint32Array>();

function decode(hex: string): Uint32Array {
  let table = decoded.get(hex);
  if (!table) {
    table = Uint32Array.from({ length: entries }, (_, i) => {
      const rgb = parseInt(hex.slice(6 * i, 6 * i + 6), 16);
      return pixel(rgb >> 16, (rgb >> 8) & 255, rgb & 255);
    });
    decoded.set(hex, table);
  }
  return table;
}

export type PageKind = 'light' | 'dark';

const made = new Map<string, ColorMap>();

/** The same map is the same object, so that figures know whether theirs has changed. */
function cached(key: string, make: () => ColorMap): ColorMap {
  let map = made.get(key);
  if (!map) made.set(key, (map = make()));
  return map;
}

/** log₁₀ relative to the target's own step: blue, neutral at 0, orange. */
export function flowMap(kind: PageKind): ColorMap {
  const special = specialColors[kind];
  return cached(
    `flow ${kind}`,
    () =>
      new ColorMap(
        decode(tables[kind].flow),
        flowScale.low,
        flowScale.high,
        special.zero,
        special.unreachable,
        special.notFinite,
      ),
  );
}

/** log₁₀ of the factor of one step: blue, neutral at 0, orange. */
export function stepMap(kind: PageKind): ColorMap {
  const special = specialColors[kind];
  const { low, high } = stepScale;
  return cached(
    `step ${kind}`,
    () => new ColorMap(decode(tables[kind].flow), low, high, special.zero, special.unreachable, special.notFinite),
  );
}

/** −limit … limit: purple, neutral at 0, green. */
export function signedMap(kind: PageKind, limit: number): ColorMap {
  const { notFinite } = specialColors[kind];
  return cached(
    `signed ${kind} ${limit}`,
    () => new ColorMap(decode(tables[kind].signed), -limit, limit, notFinite, notFinite, notFinite),
  );
}

/** 0 … 1, closed to open: neutral to green. */
export function shareMap(kind: PageKind): ColorMap {
  const { notFinite } = specialColors[kind];
  return cached(`share ${kind}`, () => new ColorMap(decode(tables[kind].share), 0, 1, notFinite, notFinite, notFinite));
}

/** low … high, logarithms of what is above 0: neutral to green; 0 itself has the color of what is exactly zero. */
export function logarithmicMap(kind: PageKind, low: number, high: number): ColorMap {
  const { notFinite, zero } = specialColors[kind];
  return cached(
    `logarithmic ${kind} ${low} ${high}`,
    () => new ColorMap(decode(tables[kind].share), low, high, zero, notFinite, notFinite),
  );
}

/** low … high: neutral to green. */
export function rangeMap(kind: PageKind, low: number, high: number): ColorMap {
  const { notFinite } = specialColors[kind];
  return cached(
    `range ${kind} ${low} ${high}`,
    () => new ColorMap(decode(tables[kind].share), low, high, notFinite, notFinite, notFinite),
  );
}

/** 0 … 1 of what one step takes of another: neutral to green; a later one, which cannot be read, is not colored. */
export function weightMap(kind: PageKind): ColorMap {
  const { notFinite, unreachable } = specialColors[kind];
  return cached(
    `weight ${kind}`,
    () => new ColorMap(decode(tables[kind].share), 0, 1, notFinite, unreachable, notFinite),
  );
}

/** A pixel as a CSS color. */
export function cssColor(color: number): string {
  return `rgb(${color & 255} ${(color >> 8) & 255} ${(color >> 16) & 255})`;
}
