/** Arrays of a trace, taken from those of the trace before it: what is read anew at every frame would else leave tens of megabytes of garbage each time. */

/** So many doubles, of any values. */
export type TakeDoubles = (length: number) => Float64Array;

/** Arrays that stay their taker's: zeros. */
export const newDoubles: TakeDoubles = (length) => new Float64Array(length);

export class Doubles {
  /** By length: those of the last trace that have not been taken again, and those of this one. */
  private free = new Map<number, Float64Array[]>();
  private taken = new Map<number, Float64Array[]>();

  /** What has been taken is lost to those who took it. What the last trace has left is let go. */
  begin(): void {
    this.free = this.taken;
    this.taken = new Map();
  }

  readonly take: TakeDoubles = (length) => {
    const array = this.free.get(length)?.pop() ?? new Float64Array(length);
    const own = this.taken.get(length);
    if (own) own.push(array);
    else this.taken.set(length, [array]);
    return array;
  };
}
