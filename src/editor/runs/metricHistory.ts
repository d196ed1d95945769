/** The metrics of one run, of bounded size: what the panel is given when it opens in the middle of a run. */
import type { MetricRows } from '../../pageContract/messages';
import { progressColumns, type Progress, type ProgressColumn, type ValidationPoint } from '../../protocol/run';

const columns = progressColumns.length;
const stepColumn = progressColumns.indexOf('step');

export class MetricHistory {
  private readonly rows: Float64Array;
  private count = 0;
  private validation: ValidationPoint[] = [];
  private latest: Float64Array | null = null;

  /** @param capacity rows kept; when they are full, every second of the older half goes */
  constructor(private readonly capacity = 20_000) {
    this.rows = new Float64Array(capacity * columns);
  }

  /**
   * Adds rows. Rows of steps that are being trained again, after going back to a checkpoint, replace what was there.
   * @returns whether there were such
   */
  append(progress: Progress): boolean {
    const added = progress.rows.length / columns;
    const before = this.count;
    if (added > 0) this.dropFrom(progress.rows[stepColumn]);
    const wasRewound = this.count < before;
    for (let row = 0; row < added; row++) {
      if (this.count === this.capacity) this.thin();
      this.rows.set(progress.rows.subarray(row * columns, (row + 1) * columns), this.count * columns);
      this.count += 1;
    }
    if (added > 0) this.latest = progress.rows.slice((added - 1) * columns);
    this.validation.push(...progress.validation);
    if (this.validation.length > this.capacity) this.validation = this.validation.filter((_, index) => index % 2 === 0);
    return wasRewound;
  }

  /** A column of the newest row; null before the first. */
  last(column: ProgressColumn): number | null {
    return this.latest && this.latest[progressColumns.indexOf(column)];
  }

  /** A copy of what is kept, oldest first. */
  snapshot(): MetricRows {
    return { rows: this.rows.slice(0, this.count * columns), validation: [...this.validation] };
  }

  private dropFrom(step: number): void {
    while (this.count > 0 && this.rows[(this.count - 1) * columns + stepColumn] >= step) this.count -= 1;
    while (this.validation.length > 0 && this.validation[this.validation.length - 1].step >= step)
      this.validation.pop();
  }

  /** Keeps every second row of the older half, so that the newer steps stay whole. */
  private thin(): void {
    const half = this.count >> 1;
    let kept = 0;
    for (let row = 0; row < this.count; row++) {
      if (row < half && row % 2 === 1) continue;
      this.rows.copyWithin(kept * columns, row * columns, (row + 1) * columns);
      kept += 1;
    }
    this.count = kept;
  }
}
