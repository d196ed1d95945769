/** What every unit of the layer has at every step, to be looked at; and what else it computes. */
import type { MapValues } from '../../model/trace';
import type { Float64MixerLayer, MixerQuantity } from '../float64Mixer';
import type { MambaTrace } from './trace';
import { mambaSizes } from './sizes';

/** Channel by channel Δ and u; of each channel number by number exp(Δ A) and h. Null for a map of another name. */
export function unitMap(layer: Float64MixerLayer, trace: MambaTrace, name: string): MapValues | null {
  const { E, S } = mambaSizes(layer);
  switch (name) {
    case 'stepSize':
      return { units: E, values: trace.step };
    case 'decay':
      return { units: E * S, values: trace.kept };
    case 'scan':
      return { units: E * S, values: trace.h.subarray(E * S) };
    case 'convolved':
      return { units: E, values: halves(trace, E, 0) };
    default:
      return null;
  }
}

/** Σ h² above which a number of h may be beyond float32. */
const soundSquares = 1e76;

/** In the letters of the kind's equations, but for what is a unit map. */
export function onTheWay(layer: Float64MixerLayer, trace: MambaTrace): MixerQuantity[] {
  const { E, S, width } = mambaSizes(layer);
  const { convolved, v, selected, step, squares, y, gated } = trace;
  const of = (name: string, units: number, values: Float64Array) => ({ name, units, values });
  return [
    of('convolved', E, halves(trace, E, 0)),
    of('z', E, halves(trace, E, 1)),
    of('conv', E, convolved),
    of('v', E, v),
    of('d, B, C', width, selected),
    of('stepSize', E, step),
    ...(squares.every((sum) => sum <= soundSquares) ? [] : [of('scan', E * S, trace.h.subarray(E * S))]),
    of('y', E, y),
    of('y φ(z)', E, gated),
  ];
}

/** u of every step, or z: T × E. */
function halves({ projected, steps }: MambaTrace, E: number, half: 0 | 1): Float64Array {
  const values = new Float64Array(steps * E);
  for (let t = 0; t < steps; t++) values.set(projected.subarray((2 * t + half) * E, (2 * t + half + 1) * E), t * E);
  return values;
}
