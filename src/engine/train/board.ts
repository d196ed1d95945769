/** The memory over which the shares of a training batch get their orders' data and leave what they have computed: every thread sees it. */
import type { CarriedState } from '../../core/model/tape';

export interface BoardSizes {
  /** Most steps of a window, and streams of the whole batch. */
  readonly steps: number;
  readonly batch: number;
  /** Numbers of one stream, of each state that is carried. */
  readonly widths: readonly number[];
  readonly parameters: number;
  /** Numbers that a share records in a step. */
  readonly records: number;
  /** Shares; the first keeps its parameters, gradient and records to itself. */
  readonly shares: number;
}

export class Board {
  /** T × B, as `WindowReader.next` fills them. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly lengths: Int32Array;
  /** Of each state [B × width]: what is carried into the window, and out of it. */
  readonly carriedIn: readonly Float32Array[];
  readonly carriedOut: readonly Float32Array[];
  /** Before a step, for all shares but the first; empty if there are none. */
  readonly parameters: Float32Array;
  /** After a step, of each share but the first. */
  readonly gradients: readonly Float32Array[];
  readonly records: readonly Float64Array[];

  constructor(
    readonly sizes: BoardSizes,
    readonly memory = new SharedArrayBuffer(bytesOf(sizes)),
  ) {
    const { steps, batch, widths, parameters, records, shares } = sizes;
    let used = 0;
    const take = <T>(length: number, make: (at: number) => T, bytes: number): T => {
      const at = used;
      used += bytes * length;
      return make(at);
    };
    const floats = (length: number) => take(length, (at) => new Float32Array(memory, at, length), 4);
    const ints = (length: number) => take(length, (at) => new Int32Array(memory, at, length), 4);
    const others = Array.from({ length: shares - 1 });
    // The widest numbers first: they stay aligned.
    this.records = others.map(() => take(records, (at) => new Float64Array(memory, at, records), 8));
    this.inputs = ints(steps * batch);
    this.targets = ints(steps * batch);
    this.lengths = ints(batch);
    this.carriedIn = widths.map((width) => floats(batch * width));
    this.carriedOut = widths.map((width) => floats(batch * width));
    this.parameters = floats(shares > 1 ? parameters : 0);
    this.gradients = others.map(() => floats(parameters));
  }

  get batch(): number {
    return this.sizes.batch;
  }

  /** n: how many tokens of the window are to be predicted. */
  predicted(steps: number): number {
    let count = 0;
    for (let row = 0; row < steps * this.batch; row++) if (this.targets[row] >= 0) count++;
    return count;
  }

  /** What is carried out of the window is carried into the next. */
  carryState(): void {
    this.carriedIn.forEach((values, i) => values.set(this.carriedOut[i]));
  }

  clearState(): void {
    for (const values of this.carriedIn) values.fill(0);
  }
}

export function widthsOf(carried: readonly CarriedState[]): number[] {
  return carried.map(({ width }) => width);
}

function bytesOf({ steps, batch, widths, parameters, records, shares }: BoardSizes): number {
  const carried = widths.reduce((sum, width) => sum + batch * width, 0);
  const ofShares = shares > 1 ? parameters + (shares - 1) * (parameters + 2 * records) : 0;
  return 4 * (2 * steps * batch + batch + 2 * carried + ofShares);
}
