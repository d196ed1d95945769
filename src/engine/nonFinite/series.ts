/** Where series of lengths, as of a recording, a graph or a long text, leave float32: what can be said where the numbers themselves are not at hand. */
import { leastNormal, lengthLeavesFloat32 } from '../../core/nonFinite/float32Range';
import { Earliest, type Place, type Rank } from '../../core/nonFinite/place';
import type { Direction } from '../../layers/direction';
import type { NumberPlace } from '../../protocol/nonFinite';
import type { ReportedNumbers } from './numbers';
import { sentenceOf, underflowSentence } from './words';

export interface LengthSeries {
  /** Of what was recorded, of a recording or a graph; null of a layer's state. */
  readonly name: string | null;
  readonly layer: number | null;
  readonly direction: Direction | null;
  readonly quantity: string;
  /** Numbers at each step. */
  readonly width: number;
  /** It is read from the last step to the first. */
  readonly isReversed: boolean;
  /** ‖s_t‖ and ‖∂L/∂s_t‖ by step; null where it is not known. */
  readonly norm: Float64Array;
  readonly total: Float64Array | null;
}

/** @param series in the order of the model, the lowest first  @param tokenAt the symbol that is read at a step; null where it is not known */
export function numbersOfSeries(
  series: readonly LengthSeries[],
  tokenAt: (step: number) => string | null,
): ReportedNumbers {
  const isByStep = series.every(({ isReversed }) => !isReversed);
  const rank = (visited: number, index: number): Rank => (isByStep ? [visited, index] : [index, visited]);
  const [forward, backward, underflow] = [new Earliest(), new Earliest(), new Earliest()];
  const names = new Map<Place, string | null>();
  series.forEach((each, index) => {
    const { layer, direction, quantity, width, isReversed, norm, total, name } = each;
    const look = (values: Float64Array, pass: 'forward' | 'backward') => {
      const T = values.length;
      const isDown = (pass === 'backward') !== isReversed;
      for (let visited = 0; visited < T; visited++) {
        const step = isDown ? T - 1 - visited : visited;
        const before = visited > 0 ? values[isDown ? step + 1 : step - 1] : null;
        const value = values[step];
        const isOutside = lengthLeavesFloat32(value, width);
        // A number can be no larger than the length.
        const isSmall = pass === 'backward' && value > 0 && value < leastNormal;
        if (!isOutside && !isSmall) continue;
        const place = { pass, step, layer, direction, quantity, unit: null, before, value, parameter: null };
        names.set(place, name);
        // What is computed last on the way forward is first on the way back.
        const order = rank(visited, pass === 'forward' ? index : series.length - 1 - index);
        if (isSmall) underflow.offer(order, place);
        else (pass === 'forward' ? forward : backward).offer(order, place);
      }
    };
    look(norm, 'forward');
    if (total) look(total, 'backward');
  });
  const first = forward.place ?? backward.place;
  return {
    nonFinite: first && nonFiniteOf(withToken(first, tokenAt), names.get(first) ?? null),
    underflow: underflow.place && underflowOf(withToken(underflow.place, tokenAt), names.get(underflow.place) ?? null),
  };
}

function nonFiniteOf(place: NumberPlace, series: string | null): ReportedNumbers['nonFinite'] {
  const said = { ...place, parameter: null, isFiniteInFloat64: null };
  return { ...said, sentence: sentenceOf(said, series) };
}

function underflowOf(place: NumberPlace, series: string | null): ReportedNumbers['underflow'] {
  return { ...place, sentence: underflowSentence(place, series) };
}

function withToken(place: Place, tokenAt: (step: number) => string | null): NumberPlace {
  const { parameter: _, ...own } = place;
  return { ...own, token: place.step === null ? null : tokenAt(place.step) };
}
