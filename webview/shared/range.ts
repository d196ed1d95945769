/** A stretch of a long axis that is in view: what zooming and moving change, the same for steps, units, lags and targets. */

/** Smallest stretch that can be zoomed to. */
const fewest = 8;

export class Range {
  private all = 1;
  private from = 0;
  private shown = 1;

  /** `changed` hears of every change of what is in view. */
  constructor(private readonly changed: () => void) {}

  /** How many places the axis has. */
  get total(): number {
    return this.all;
  }

  /** First place in view; not always whole. */
  get first(): number {
    return this.from;
  }

  /** How many are in view; not always whole. */
  get count(): number {
    return this.shown;
  }

  get isWhole(): boolean {
    return this.shown >= this.all;
  }

  /** Another axis, or one that has grown: in view is all of it, unless it was zoomed and has kept its length. */
  setTotal(total: number): void {
    if (total === this.all) return;
    this.all = Math.max(1, total);
    this.set(0, this.all);
  }

  /** The same axis has grown at its end: what is in view stays, unless that was all. */
  grow(total: number): void {
    if (this.isWhole || total < this.from + this.shown) this.setTotal(total);
    else this.all = total;
  }

  /** Brings `count` places from `first` on into view, as far as they exist. */
  set(first: number, count: number): void {
    const shown = Math.min(this.all, Math.max(Math.min(fewest, this.all), count));
    const from = Math.min(this.all - shown, Math.max(0, first));
    if (from === this.from && shown === this.shown) return;
    this.from = from;
    this.shown = shown;
    this.changed();
  }

  showAll(): void {
    this.set(0, this.all);
  }

  /** Makes the view `factor` times as long (less than 1: nearer), with what is at `place` staying where it is. */
  zoom(factor: number, place: number): void {
    const shown = Math.min(this.all, Math.max(Math.min(fewest, this.all), this.shown * factor));
    this.set(place - ((place - this.from) * shown) / this.shown, shown);
  }

  move(offset: number): void {
    this.set(this.from + offset, this.shown);
  }

  /** Moves no further than is needed to have the place in view, with a little around it. */
  reveal(place: number): void {
    const margin = Math.min(4, Math.floor(this.shown / 4));
    if (place - margin < this.from) this.set(place - margin, this.shown);
    else if (place + margin + 1 > this.from + this.shown) this.set(place + margin + 1 - this.shown, this.shown);
  }
}
