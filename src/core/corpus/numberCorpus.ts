/** From a text of numbers (src/tokens/numbers.ts), which comes in chunks, to its rows. */
import { isComment, readSequence } from '../../tokens/numbers';
import { UserError } from '../../userError';
import type { NumberRows } from '../model/numberRows';

/** Numbers that are there at first. */
const firstRoom = 1024;
/** UTF-16 units of a line that are held at most. */
const maxLineLength = 64_000_000;

export interface NumberCorpus {
  /** All steps of all sequences, and a target for each of those. */
  readonly numbers: NumberRows;
  /** Where each sequence ends among the steps, and the next begins. */
  readonly ends: Uint32Array;
}

export class NumberCorpusReader {
  private rest = '';
  private line = 0;
  /** The blank line that was met last, behind a sequence. */
  private blank: number | null = null;
  private readonly inputs: Growing;
  private readonly targets: Growing;
  private readonly ends: number[] = [];
  private sizes: { readonly inputSize: number; readonly outputSize: number } | null = null;

  /** @param isExact keeps them in float64, else in float32, as a training reads them */
  constructor(isExact = false) {
    this.inputs = new Growing(isExact);
    this.targets = new Growing(isExact);
  }

  /** Throws a UserError that names the line for what is no sequence of numbers. */
  add(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.read(line);
    if (this.rest.length > maxLineLength)
      throw new UserError('error.numbers.lineTooLong', this.line + 1, maxLineLength);
  }

  /** Throws a UserError as `add` does, and where there is no sequence. */
  end(): NumberCorpus {
    this.read(this.rest);
    const { sizes } = this;
    if (!sizes) throw new UserError('error.numbers.none');
    return {
      numbers: { inputs: this.inputs.values, targets: this.targets.values, ...sizes },
      ends: Uint32Array.from(this.ends),
    };
  }

  private read(line: string): void {
    this.line++;
    if (line.trim() === '') {
      if (this.ends.length > 0) this.blank ??= this.line;
      return;
    }
    if (isComment(line)) return;
    // A sequence that was broken in two would else be read as two.
    if (this.blank !== null) throw new UserError('error.numbers.blankLine', this.blank);
    const { inputs, inputSize, targets } = readSequence(line, this.line, this.sizes);
    this.sizes ??= { inputSize, outputSize: targets.length };
    this.inputs.push(inputs);
    this.targets.push(targets);
    this.ends.push(this.inputs.length / inputSize);
  }
}

/** Numbers in an array that grows. */
class Growing {
  length = 0;
  private room: Float32Array | Float64Array;

  constructor(isExact: boolean) {
    this.room = isExact ? new Float64Array(firstRoom) : new Float32Array(firstRoom);
  }

  get values(): Float32Array | Float64Array {
    return this.room.subarray(0, this.length);
  }

  push(values: readonly number[]): void {
    if (this.length + values.length > this.room.length) {
      const size = 2 * (this.length + values.length);
      const room = this.room instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
      room.set(this.room);
      this.room = room;
    }
    this.room.set(values, this.length);
    this.length += values.length;
  }
}
