/**
 * A run's steps, thinned as they are read, so that a chart of them keeps what matters: of each stretch of steps the one with the
 * smallest and the one with the largest gradient norm stay, so that no spike is lost, and of the whole run the first and the last step.
 */
import { progressColumns, type Progress, type ValidationPoint } from '../../protocol/run';

/** One step in the order of `progressColumns`. */
type Row = readonly number[];

interface Stretch {
  smallest: Row;
  largest: Row;
  count: number;
}

const stepColumn = progressColumns.indexOf('step');
const gradientNormColumn = progressColumns.indexOf('gradientNorm');

export class ThinnedHistory {
  private stretches: Stretch[] = [];
  private stepsPerStretch = 1;
  private first: Row | null = null;
  private last: Row | null = null;
  private validation: ValidationPoint[] = [];
  private readonly maxStretches: number;

  constructor(maxRows: number) {
    this.maxStretches = Math.floor((maxRows - 2) / 2);
  }

  /** A step at or before one already there means that the run went back: what was after it is dropped. */
  addRow(row: Row): void {
    if (this.last !== null && row[stepColumn] <= this.last[stepColumn]) this.goBackTo(row[stepColumn]);
    if (this.first === null || row[stepColumn] <= this.first[stepColumn]) this.first = row;
    this.last = row;
    const current = this.stretches.at(-1);
    if (current !== undefined && current.count < this.stepsPerStretch) {
      this.stretches[this.stretches.length - 1] = merge(current, { smallest: row, largest: row, count: 1 });
    } else {
      this.stretches.push({ smallest: row, largest: row, count: 1 });
      if (this.stretches.length > this.maxStretches) this.halve();
    }
  }

  addValidation(point: ValidationPoint): void {
    while (this.validation.length > 0 && this.validation[this.validation.length - 1].step >= point.step)
      this.validation.pop();
    this.validation.push(point);
  }

  progress(): Progress {
    const ends = [this.first, this.last].filter((row) => row !== null);
    const kept = [...new Set([...ends, ...this.stretches.flatMap(({ smallest, largest }) => [smallest, largest])])];
    kept.sort((a, b) => a[stepColumn] - b[stepColumn]);
    return { rows: Float64Array.from(kept.flat()), validation: this.validation };
  }

  private goBackTo(step: number): void {
    this.stretches = this.stretches.flatMap((stretch) => {
      const kept = [stretch.smallest, stretch.largest].filter((row) => row[stepColumn] < step);
      return kept.length === 0 ? [] : [{ smallest: kept[0], largest: kept[kept.length - 1], count: stretch.count }];
    });
    this.validation = this.validation.filter((point) => point.step < step);
  }

  private halve(): void {
    const halved: Stretch[] = [];
    for (let i = 0; i < this.stretches.length; i += 2) {
      const next = this.stretches.at(i + 1);
      halved.push(next === undefined ? this.stretches[i] : merge(this.stretches[i], next));
    }
    this.stretches = halved;
    this.stepsPerStretch *= 2;
  }
}

function merge(a: Stretch, b: Stretch): Stretch {
  return {
    smallest: normOf(b.smallest) < normOf(a.smallest) ? b.smallest : a.smallest,
    largest: normOf(b.largest) > normOf(a.largest) ? b.largest : a.largest,
    count: a.count + b.count,
  };
}

/** A norm that is not finite (read back from null) is the largest of all. */
function normOf(row: Row): number {
  const norm = row[gradientNormColumn];
  return Number.isFinite(norm) ? norm : Infinity;
}
