/** The first number of a model's pass over a window, forward and back, that is not finite or leaves float32. */
import { float64Gradient } from '../float64/float64Backward';
import type { Float64Trace } from '../float64/float64Trace';
import { BackwardSearch } from './backward';
import { ForwardSearch } from './forward';
import { gradientsOf, parameterOutside } from './parameters';
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
  const forward = new ForwardSearch(trace).run();
  const backward = new BackwardSearch(trace);
  const gradient = float64Gradient(trace, backward);
  backward.parameters(gradientsOf(trace.model, gradient));
  return numbersOf(trace, forward, backward);
}

/** What both ways have found, and the parameters. */
export function numbersOf(
  { model }: Pick<Float64Trace, 'model'>,
  forward: ForwardSearch,
  backward: BackwardSearch,
): NonFiniteNumbers {
  const broken = parameterOutside(model);
  const place = forward.earliest.place ?? backward.earliest.place;
  const isFiniteInFloat64 = forward.isFinite && backward.isFinite && (!broken || Number.isFinite(broken.value));
  const first = place ? { ...place, parameter: broken?.parameter ?? place.parameter } : broken;
  return { first: first && { ...first, isFiniteInFloat64 }, underflow: backward.underflow.place };
}
