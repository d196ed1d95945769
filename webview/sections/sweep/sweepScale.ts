/** Scales of a sweep's picture: where the columns and rows stand, and how a number becomes a color. */
import { rangeMap, type ColorMap, type PageKind } from '../../shared/colors/maps';
import { numberIn, type Cell, type Measure } from './sweepCells';

export interface Places {
  /** Where the cells begin, and the last ends, from 0 to `length`. */
  readonly edges: readonly number[];
  readonly isLogarithmic: boolean;
}

/** Positive numbers stand at their logarithms, the borders midway between them; anything else at equal distances, as do numbers of which a cell would be narrower than `least`. */
export function placesOf(values: readonly string[], length: number, least: number): Places {
  const equal = {
    edges: Array.from({ length: values.length + 1 }, (_, i) => (i * length) / values.length),
    isLogarithmic: false,
  };
  const logs = values.map((value) => Math.log(numberIn(value) ?? NaN));
  if (logs.length < 2 || !logs.every(Number.isFinite)) return equal;
  const middles = logs.slice(1).map((log, i) => (logs[i] + log) / 2);
  const ends = [2 * logs[0] - middles[0], ...middles, 2 * logs[logs.length - 1] - middles[middles.length - 1]];
  const edges = ends.map((end) => ((end - ends[0]) / (ends[ends.length - 1] - ends[0])) * length);
  const isWide = edges.slice(1).every((edge, i) => edge - edges[i] >= least);
  return isWide ? { edges, isLogarithmic: true } : equal;
}

/** The cell at a place; null beside all. */
export function cellAt({ edges }: Places, place: number): number | null {
  if (place < 0 || place >= edges[edges.length - 1]) return null;
  return edges.findLastIndex((edge) => edge <= place);
}

export interface ColorScale {
  readonly map: ColorMap;
  readonly isLogarithmic: boolean;
  /** Its place on the map. */
  readonly placeOf: (value: number) => number;
  /** The value at a place. */
  readonly valueAt: (place: number) => number;
}

/** From the smallest loss to the largest: from there on equal factors look alike, below equal differences. */
const decade = 10;

/** Horizons are told by their ratios, so equal factors of them always look alike. Null where no cell has a value. */
export function colorScale(cells: readonly Cell[], measure: Measure, kind: PageKind): ColorScale | null {
  const values = cells.flatMap(({ median }) => (median ? [median.value] : []));
  if (values.length === 0) return null;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const isLogarithmic = low > 0 && (measure === 'horizon' || high / low >= decade);
  const placeOf = isLogarithmic ? Math.log10 : (value: number) => value;
  const valueAt = isLogarithmic ? (place: number) => 10 ** place : (place: number) => place;
  const [from, to] = [placeOf(low), placeOf(high)];
  // A single value has the color of the middle.
  const room = from === to ? Math.max(Math.abs(from), 1) * 1e-3 : 0;
  return { map: rangeMap(kind, from - room, to + room), isLogarithmic, placeOf, valueAt };
}
