/** What one head does at one target, in a sentence. */
import type { Texts } from '../../shared/texts';
import { visibleSymbol } from '../../shared/symbols';

/** Up to this many times the even share, nothing stands out. */
const evenFactor = 2;
/** Over fewer tokens, an even share is a large one. */
const minSteps = 4;

export interface HeadAtTarget {
  readonly tokens: readonly string[];
  readonly target: number;
  /** Of the target: T values, NaN behind it. */
  readonly weights: Float32Array;
  /** “head 1 of layer 2”. */
  readonly name: string;
}

export function headVerdict({ tokens, target, weights, name }: HeadAtTarget, texts: Texts): string {
  const { numbers } = texts;
  const strongest = strongestOf(weights, target);
  const own = visibleSymbol(tokens[target]);
  const share = numbers.decimals(weights[strongest], 2);
  const half = numbers.integer(halfWithin(weights, target));
  const steps = target + 1;
  if (steps >= minSteps && weights[strongest] * steps <= evenFactor)
    return texts.get(
      'panel.attention.readsEvenly',
      own,
      name,
      numbers.integer(steps),
      notAbove(weights[strongest], texts),
      half,
    );
  if (strongest === target) return texts.get('panel.attention.readsItself', own, name, share, half);
  const lag = numbers.integer(target - strongest);
  return texts.get('panel.attention.reads', own, name, visibleSymbol(tokens[strongest]), lag, share, half);
}

/** Rounded up: no weight is above what is said. */
function notAbove(weight: number, { numbers }: Texts): string {
  return numbers.decimals(Math.ceil(weight * 100) / 100, 2);
}

/** The nearest to the target of those with the largest weight. */
function strongestOf(weights: Float32Array, target: number): number {
  let strongest = target;
  for (let t = target - 1; t >= 0; t--) if (weights[t] > weights[strongest]) strongest = t;
  return strongest;
}

/** How many of the nearest tokens, the target itself one of them, together have half of the weight. */
function halfWithin(weights: Float32Array, target: number): number {
  let sum = 0;
  for (let t = target; t >= 0; t--) {
    sum += weights[t];
    if (sum >= 0.5) return target - t + 1;
  }
  return target + 1;
}
