/**
 * Whether float32 can be trusted with a probe, judged by its results. Three things spoil it. Where gradients grow on their way back, so do the
 * rounding errors of the states on their way forward, by the same products. Where a step shrinks them much, because its units are
 * saturated (1 − h² of an h near 1), most digits of what is left have canceled. And a unit that is nearly at a kink, as of relu, may be on the wrong side.
 */
import { cellOf } from '../../core/layers/registry';
import type { ModelConfig } from '../../core/model/config';
import type { Floats, Trace } from '../../core/model/trace';
import type { LayerFlow } from './flows';

/** Relative rounding error of float32. */
const unitRoundoff = 6e-8;
/** What rounding errors of the states may grow to, sixfold. */
const maxStateError = 3.6e-7;
/** What relative errors of a gradient may add up to, as independent ones do. */
const maxGradientError = 2e-5;
/** log₁₀ of the least gradient at the target: float32 does not hold the probabilities of a surer prediction. */
const minAtTarget = -25;
/** Of the root mean square of the distances from the kink. */
const nearKink = 1e-5;
/** From 1: of what is nearer, 1 − h² and f(1 − f) keep two digits or less. */
const nearSaturation = 1e-5;

/** Whether a unit is so near a kink, as of relu, that rounding may have put it on the other side. @param config of the model that has read */
export function isNearKink({ layers }: Trace, config: ModelConfig): boolean {
  return layers.some(({ cell: name, hiddenSize: H, directions }, layer) => {
    const cell = cellOf(name);
    const kink = cell.kink?.(config.layers[layer]) ?? null;
    return (
      kink !== null &&
      directions.some(({ gates }) => isAnyNear(gates, kink.at, kink.block * H, H, cell.gates.length * H))
    );
  });
}

/** Whether a gate or hidden state is so near 1 or −1 that the slope there is mostly rounding; one that is not bounded can be there by chance. */
export function isAnySaturated({ layers }: Trace): boolean {
  // A cell of one gate has its activation as its state, and as its gate what is activated.
  return layers.some(({ cell, directions }) =>
    directions.some(
      ({ gates, states: [hidden] }) => hasOnes(hidden) || (cellOf(cell).gates.length > 1 && hasOnes(gates)),
    ),
  );
}

/** By a plain loop: there can be millions, and a function for each takes six times as long. */
function hasOnes(values: Floats): boolean {
  for (let i = 0; i < values.length; i++) if (Math.abs(Math.abs(values[i]) - 1) < nearSaturation) return true;
  return false;
}

/** Of H values from `first` on in every row of so many. */
function isAnyNear(gates: Floats, kink: number, first: number, H: number, width: number): boolean {
  let squares = 0;
  for (let row = first; row < gates.length; row += width)
    for (let at = row; at < row + H; at++) squares += (gates[at] - kink) ** 2;
  const near = nearKink * Math.sqrt((squares * width) / (gates.length * H));
  for (let row = first; row < gates.length; row += width) {
    for (let at = row; at < row + H; at++) {
      const distance = Math.abs(gates[at] - kink);
      // Exactly there is the case of nothing read and no bias, on which both agree.
      if (distance !== 0 && distance < near) return true;
    }
  }
  return false;
}

/** @param flows of one target, every layer and direction  @param zeroIsExact of a relu unit, whose derivative is exactly 0 or 1 */
export function isWithinFloat32(flows: readonly LayerFlow[], zeroIsExact: boolean): boolean {
  const max = Math.log10(maxStateError / unitRoundoff);
  const top = Math.max(...flows.map(({ layer }) => layer));
  /** Of the layer above, step by step: the largest gradient there, and its error. */
  let above: Sources | null = null;
  for (let layer = top; layer >= 0; layer--) {
    const own: Sources[] = [];
    for (const { direction, states } of flows.filter((flow) => flow.layer === layer)) {
      const lanes = states.map(({ log10 }) => log10);
      const T = lanes[0].length;
      const sources = noSources(T);
      const lowest = lanes.map(() => Infinity);
      // As the gradient travels: from the target to the text's beginning, or, backward, to its end.
      for (let i = 0; i < T; i++) {
        const t = direction === 'forward' ? T - 1 - i : i;
        const from = direction === 'forward' ? t + 1 : t - 1;
        const before = from >= 0 && from < T ? { size: sources.sizes[from], error: sources.errors[from] } : nothing;
        const down = above ? { size: above.sizes[t], error: above.errors[t] } : nothing;
        for (const [l, lane] of lanes.entries()) {
          const size = lane[t];
          if (Number.isNaN(size)) continue;
          if (size === Infinity || size - lowest[l] > max) return false;
          lowest[l] = Math.min(lowest[l], size);
          const source = Math.max(before.size, down.size);
          if (size === -Infinity) {
            if (source > -Infinity && !zeroIsExact) return false;
            continue;
          }
          // A sum's relative error is at most the larger one of what is added; where they cancel, the sum is smaller than both. At the target's own step nothing has
          // come from anywhere.
          const error = Math.hypot(
            Math.max(before.error, down.error),
            source > -Infinity ? unitRoundoff * 10 ** Math.max(0, source - size) : 0,
          );
          if (error > maxGradientError) return false;
          if (size > sources.sizes[t]) sources.sizes[t] = size;
          if (error > sources.errors[t]) sources.errors[t] = error;
        }
      }
      own.push(sources);
    }
    above = own.reduce(larger);
    if (layer === top && above.sizes.every((size) => size < minAtTarget)) return false;
  }
  return true;
}

interface Sources {
  /** log₁₀ of the largest gradient; −Infinity where none is. */
  readonly sizes: Float64Array;
  readonly errors: Float64Array;
}

const nothing = { size: -Infinity, error: 0 };

function noSources(steps: number): Sources {
  return { sizes: new Float64Array(steps).fill(-Infinity), errors: new Float64Array(steps) };
}

function larger(a: Sources, b: Sources): Sources {
  return {
    sizes: a.sizes.map((size, t) => Math.max(size, b.sizes[t])),
    errors: a.errors.map((error, t) => Math.max(error, b.errors[t])),
  };
}
