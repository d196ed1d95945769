/** The numbers of a run that the page keeps: thinned series for the charts, the newest values for the header. */
import type { MetricRows } from '../../../src/pageContract/messages';
import { progressColumns, type ProgressColumn } from '../../../src/protocol/run';
import { Series } from './series';

const columnCount = progressColumns.length;
const column = Object.fromEntries(progressColumns.map((name, i) => [name, i])) as Record<ProgressColumn, number>;

/** The newest step, as in a row of progress. */
export interface LatestStep {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
}

export class Metrics {
  readonly loss = new Series();
  readonly validation = new Series();
  readonly normBefore = new Series();
  readonly normAfter = new Series();
  /** Only the steps that were clipped, at their norm before. */
  readonly clipped = new Series();
  private readonly allSeries = [this.loss, this.validation, this.normBefore, this.normAfter, this.clipped];
  latest: LatestStep | null = null;
  /** As a row's loss; null where nothing was validated. */
  lastValidation: number | null = null;
  firstLoss = 0;
  largestNorm = 0;
  stepCount = 0;
  clippedCount = 0;

  /** Points kept, over all series. */
  get pointCount(): number {
    return this.allSeries.reduce((sum, series) => sum + series.points.length, 0);
  }

  clear(): void {
    for (const series of this.allSeries) series.clear();
    this.latest = this.lastValidation = null;
    this.firstLoss = this.largestNorm = this.stepCount = this.clippedCount = 0;
  }

  add({ rows, validation }: MetricRows): void {
    for (let at = 0; at + columnCount <= rows.length; at += columnCount) {
      const value = (name: ProgressColumn): number => rows[at + column[name]];
      const [step, loss, before, after] = [value('step'), value('loss'), value('gradientNorm'), value('clippedNorm')];
      if (this.stepCount === 0) this.firstLoss = loss;
      this.stepCount++;
      if (Number.isFinite(loss)) this.loss.push(step, loss);
      // A logarithmic axis has no place for 0.
      if (Number.isFinite(before) && before > 0) {
        this.normBefore.push(step, before);
        this.largestNorm = Math.max(this.largestNorm, before);
      }
      if (Number.isFinite(after) && after > 0) this.normAfter.push(step, after);
      if (after < before * (1 - 1e-6)) {
        this.clippedCount++;
        if (Number.isFinite(before)) this.clipped.push(step, before);
      }
      this.latest = { step, loss, gradientNorm: before, tokensPerSecond: value('tokensPerSecond') };
    }
    for (const { step, loss } of validation) {
      this.lastValidation = loss;
      if (Number.isFinite(loss)) this.validation.push(step, loss);
    }
  }
}
