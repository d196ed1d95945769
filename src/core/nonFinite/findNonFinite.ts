/** The first number of a model's pass over a window, forward and back, that is not finite or leaves float32. */
import { float64Gradient, type Float64Gradient } from '../float64/float64Backward';
import type { Float64Trace } from '../float64/float64Trace';
import { BackwardSearch } from './backward';
import { ForwardSearch } from './forward';
import { gradientsOf, isComputedWith, parametersOutside } from './parameters';
import type { Place } from './place';

export interface NonFiniteNumbers {
  /** Null where there is none. */
  readonly first: FoundPlace | null;
  /** Not an error: where the gradient of a state becomes subnormal in float32, the first on the way back; null where it does not. */
  readonly underflow: Place | null;
}

export interface FoundPlace extends Place {
  /** In float64 the whole pass is finite: it is float32 that cannot hold it. */
  readonly isFiniteInFloat64: boolean;
}

/** Of one window, alone. */
export function findNonFinite(trace: Float64Trace): NonFiniteNumbers {
  return numbersOf(trace.model, new ForwardSearch(trace).run(), watchedGradient(trace).backward);
}

/** The gradient, and what has watched it on its way back. */
export function watchedGradient(trace: Float64Trace): {
  readonly gradient: Float64Gradient;
  readonly backward: BackwardSearch;
} {
  const backward = new BackwardSearch(trace);
  const gradient = float64Gradient(trace, backward);
  backward.parameters(gradientsOf(trace.model, gradient));
  return { gradient, backward };
}

/** What both ways have found, and the parameters. @param forward null where nothing was found */
export function numbersOf(
  model: Float64Trace['model'],
  forward: ForwardSearch | null,
  backward: BackwardSearch,
): NonFiniteNumbers {
  const broken = parametersOutside(model);
  const place = forward?.earliest.place ?? backward.earliest.place;
  const isFinite = (forward?.isFinite ?? true) && backward.isFinite;
  const underflow = backward.underflow.place;
  if (!place) {
    // Of a token that is not read, say.
    const first = broken.at(0);
    return {
      first: first ? { ...first, isFiniteInFloat64: isFinite && Number.isFinite(first.value) } : null,
      underflow,
    };
  }
  // Others may be no numbers either, and have nothing to do with it.
  const own = broken.find(({ parameter }) => isComputedWith(model, place, parameter));
  return {
    first: { ...place, parameter: place.parameter ?? own?.parameter ?? null, isFiniteInFloat64: isFinite },
    underflow,
  };
}
