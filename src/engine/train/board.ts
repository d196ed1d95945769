/** The memory over which the shares of a training batch get their orders' data and leave what they have computed: every thread sees it. */
import { takeRows, type NumberRows } from '../../core/model/numberRows';
import type { CarriedState } from '../../core/model/tape';

export interface BoardSizes {
  /** Most steps of a window, and streams of the whole batch. */
  readonly steps: number;
  readonly batch: number;
  /** Of a model of numbers I and V; null of one of tokens. */
  readonly numbers: Pick<NumberRows, 'inputSize' | 'outputSize'> | null;
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
  /** Of a model of numbers those that the ids stand for, T × B × I and T × B × V; else empty. */
  readonly inputNumbers: Float32Array;
  readonly targetNumbers: Float32Array;
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
    const { steps, batch, numbers, widths, parameters, records, shares } = sizes;
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
    this.inputNumbers = floats(steps * batch * (numbers?.inputSize ?? 0));
    this.targetNumbers = floats(steps * batch * (numbers?.outputSize ?? 0));
    this.carriedIn = widths.map((width) => floats(batch * width));
    this.carriedOut = widths.map((width) => floats(batch * width));
    this.parameters = floats(shares > 1 ? parameters : 0);
    this.gradients = others.map(() => floats(parameters));
  }

  get batch(): number {
    return this.sizes.batch;
  }

  /** Writes what the ids of a window stand for. @param numbers none of tokens */
  takeNumbers(steps: number, numbers: NumberRows | undefined): void {
    if (!numbers) return;
    const rows = steps * this.batch;
    takeRows(this.inputNumbers, numbers.inputs, numbers.inputSize, this.inputs.subarray(0, rows));
    takeRows(this.targetNumbers, numbers.targets, numbers.outputSize, this.targets.subarray(0, rows));
  }

  /** What `takeNumbers` has written: of the step of each row; null of tokens. */
  numbers(steps: number): NumberRows | null {
    const { numbers } = this.sizes;
    const rows = steps * this.batch;
    return (
      numbers && {
        ...numbers,
        inputs: this.inputNumbers.subarray(0, rows * numbers.inputSize),
        targets: this.targetNumbers.subarray(0, rows * numbers.outputSize),
      }
    );
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

function bytesOf({ steps, batch, numbers, widths, parameters, records, shares }: BoardSizes): number {
  const carried = widths.reduce((sum, width) => sum + batch * width, 0);
  const ofShares = shares > 1 ? parameters + (shares - 1) * (parameters + 2 * records) : 0;
  const ofRow = 2 + (numbers ? numbers.inputSize + numbers.outputSize : 0);
  return 4 * (ofRow * steps * batch + batch + 2 * carried + ofShares);
}
