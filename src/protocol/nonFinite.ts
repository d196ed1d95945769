/** The first number of a pass that is not finite, or leaves float32: where it stands, and what it was one step before. */
import type { Direction } from '../layers/direction';
import type { Message } from '../messages';

export interface NumberPlace {
  /** The token's index; null of a parameter or its gradient. */
  readonly step: number | null;
  /** The symbol that is read at this step; null where there is none or it is not known. */
  readonly token: string | null;
  /** From 0; null of what belongs to no layer. */
  readonly layer: number | null;
  /** Of a recurrent layer's gates and states; else null. */
  readonly direction: Direction | null;
  /** In the pass `backward` the gradient by it. Its names are listed in docs/cli.md. */
  readonly quantity: string;
  /** Which of its numbers; null where it has one, or where only a length is known. */
  readonly unit: number | null;
  readonly pass: 'forward' | 'backward';
  /** The same number one step before, in the pass `backward` one step later; null where there was none. */
  readonly before: number | null;
  readonly value: number;
}

export interface NonFinite extends NumberPlace {
  /** A parameter that is itself not finite or beyond float32, or, in the pass `backward`, whose gradient is; by its name as in `layer0.forward.W`; else null. */
  readonly parameter: string | null;
  /** Whether float64 can hold all of the pass, so that it is float32 alone that overflows; null where that is not known. */
  readonly isFiniteInFloat64: boolean | null;
  readonly sentence: Message;
}

/** Where the gradient of a state becomes subnormal in float32: its largest number. It is no error. */
export interface Underflow extends NumberPlace {
  readonly sentence: Message;
}

/** How a run overflowed: at a training step that was not taken. */
export interface RunOverflow {
  readonly trainingStep: number;
  /** Of the batch, from 0; null of a sum over all. */
  readonly stream: number | null;
  /** Null where every number of the pass in float64 is within float32. */
  readonly nonFinite: NonFinite | null;
}

/** A place as JSON, which has no word for what is not finite: such numbers are the texts "NaN", "Infinity" and "-Infinity". */
export function placeJson(found: NonFinite | Underflow): object {
  const { before, value, sentence: _, ...place } = found;
  return { ...place, before: before === null ? null : numberJson(before), value: numberJson(value) };
}

function numberJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
