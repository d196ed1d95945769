/** Where a gradient counts as lost on its way back, or as having grown too large. */

/** Powers of ten, relative to the gradient at the target's own step: vanished at or below, exploded at or above. */
export interface Thresholds {
  readonly vanishing: number;
  readonly exploding: number;
}

export type RegionKind = 'vanishing' | 'exploding';

export interface Region {
  readonly kind: RegionKind;
  /** First and last step, both inside. */
  readonly from: number;
  readonly to: number;
}
