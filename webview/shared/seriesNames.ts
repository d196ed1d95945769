/** Names of a graph's tensors, as short as they can be and still be told apart. */
import type { SeriesChoice } from '../../src/protocol/graph';

export interface NamedSeries extends SeriesChoice {
  /** The end of its name. */
  readonly short: string;
  /** No other tensor that is shown has its role, so that this says which it is. */
  readonly isOnlyOfRole: boolean;
}

/** Characters of a name in a margin. */
const maxLength = 20;

export function namedSeries(series: readonly SeriesChoice[]): NamedSeries[] {
  const shorts = shortNames(series.map(({ name }) => name));
  return series.map((each, i) => ({
    ...each,
    short: shorts[i],
    isOnlyOfRole: each.role !== 'tensor' && series.filter(({ role }) => role === each.role).length === 1,
  }));
}

/**
 * Of names such as `/layers.0/attn/Add_output_0` the fewest last parts that no other of them ends with: `attn/Add`, or `layers.0/attn/Add`. What is then
 * still long has its middle left out.
 */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map((name) =>
    name
      .replace(/_output_\d+$/, '')
      .split('/')
      .filter((part) => part !== ''),
  );
  const endings = parts.map((own, i) => {
    for (let count = 1; count < own.length; count++) {
      const end = own.slice(-count).join('/');
      if (parts.every((other, j) => j === i || other.slice(-count).join('/') !== end)) return end;
    }
    return own.join('/') || names[i];
  });
  const shorts = endings.map((end) => withoutMiddle(end));
  // Two that differ in their middle only are told apart by their ends alone.
  return shorts.map((short, i) =>
    shorts.indexOf(short) === shorts.lastIndexOf(short) ? short : withoutStart(endings[i]),
  );
}

function withoutMiddle(name: string): string {
  if (name.length <= maxLength) return name;
  const before = Math.floor((maxLength - 1) / 2);
  return `${name.slice(0, before)}…${name.slice(before + 1 - maxLength)}`;
}

function withoutStart(name: string): string {
  return name.length <= maxLength ? name : `…${name.slice(1 - maxLength)}`;
}
