/** Where a number stands that a computation through layers and time has made, and which of many such places comes first. */
import type { Direction } from '../../layers/direction';

export interface Place {
  readonly pass: 'forward' | 'backward';
  /** Null of a parameter or its gradient, which belong to no step. */
  readonly step: number | null;
  /** From 0; null of what belongs to no layer. */
  readonly layer: number | null;
  /** Of a recurrent layer's gates and states; else null. */
  readonly direction: Direction | null;
  /**
   * On the way back it is the gradient by it. A state, or a unit map of a mixer, by its name; a gate by its name, behind which `.preActivation` is what goes into its
   * activation and `.recurrent` what R gives it. Of a layer its `input`, the `norm` of it and its `output`, behind a sublayer's name and a dot where it has several;
   * in no layer `embedding`, `norm`, `logits` (of a model of numbers `predictions`) and `loss`. `parameter`.
   */
  readonly quantity: string;
  /** Which number of it; null of the loss, and where only a length is known. */
  readonly unit: number | null;
  /** The same number one step before, on the way back one step later; null where there was none. */
  readonly before: number | null;
  readonly value: number;
  /** Of a parameter or its gradient: `layer0.forward.W`; else null. */
  readonly parameter: string | null;
}

/** When it is computed: compared number by number. */
export type Rank = readonly number[];

/** Keeps the place that was computed first. */
export class Earliest {
  place: Place | null = null;
  rank: Rank | null = null;

  offer(rank: Rank, place: Place): void {
    if (this.rank && !isBefore(rank, this.rank)) return;
    this.rank = rank;
    this.place = place;
  }
}

export function isBefore(a: Rank, b: Rank): boolean {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] < b[i];
  return a.length < b.length;
}

/** Of what belongs to no layer. */
export const nowhere = { layer: null, direction: null } as const;

/** What goes into a gate's activation. A vanilla RNN's only gate is that itself. */
export function preActivationOf(gate: string): string {
  return gate === 'preActivation' ? gate : `${gate}.preActivation`;
}

/** A quantity of a sublayer: behind its name where a layer has several. */
export function inSublayer(all: readonly unknown[], name: string, quantity: string): string {
  return all.length === 1 || name === '' ? quantity : `${name}.${quantity}`;
}
