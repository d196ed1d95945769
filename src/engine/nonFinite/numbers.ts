/** What the search for numbers that leave float32 has found, as it is reported. */
import type { NonFiniteNumbers, FoundPlace } from '../../core/nonFinite/findNonFinite';
import type { Place } from '../../core/nonFinite/place';
import type { NonFinite, NumberPlace, Underflow } from '../../protocol/nonFinite';
import { sentenceOf, underflowSentence } from './words';

export interface ReportedNumbers {
  readonly nonFinite: NonFinite | null;
  readonly underflow: Underflow | null;
}

/** @param tokenAt the symbol that is read at a step; null where it is not known */
export function reportedNumbers(
  { first, underflow }: NonFiniteNumbers,
  tokenAt: (step: number) => string | null,
): ReportedNumbers {
  return {
    nonFinite: first && reported(first, tokenAt),
    underflow: underflow && reportedUnderflow(underflow, tokenAt),
  };
}

export function reported(found: FoundPlace, tokenAt: (step: number) => string | null): NonFinite {
  const { parameter, isFiniteInFloat64 } = found;
  const said = { ...placeOf(found, tokenAt), parameter, isFiniteInFloat64 };
  return { ...said, sentence: sentenceOf(said) };
}

function reportedUnderflow(found: Place, tokenAt: (step: number) => string | null): Underflow {
  const place = placeOf(found, tokenAt);
  return { ...place, sentence: underflowSentence(place) };
}

function placeOf(found: Place, tokenAt: (step: number) => string | null): NumberPlace {
  const { step, layer, direction, quantity, unit, pass, before, value } = found;
  return { step, token: step === null ? null : tokenAt(step), layer, direction, quantity, unit, pass, before, value };
}
