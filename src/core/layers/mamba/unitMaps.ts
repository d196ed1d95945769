/** What every unit of the layer has at every step, to be looked at. */
import type { MapValues } from '../../model/trace';
import type { Float64MixerLayer } from '../float64Mixer';
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
      return { units: E, values: inputs(trace, E) };
    default:
      return null;
  }
}

/** u of every step, T × E. */
function inputs({ projected, steps }: MambaTrace, E: number): Float64Array {
  const values = new Float64Array(steps * E);
  for (let t = 0; t < steps; t++) values.set(projected.subarray(2 * t * E, (2 * t + 1) * E), t * E);
  return values;
}
