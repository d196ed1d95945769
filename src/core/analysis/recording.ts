/**
 * What every training step leaves on record: the norms of its total gradients, step by step of the window, and how saturated its
 * gates were. A row stands for one training step or, when many have been taken, for a stretch of them: the rows are then merged in
 * pairs, so that the record of a run of any length has a fixed size. Gradients are averaged as squares, fractions as they are.
 */
import type { TotalNorms } from '../backward/totals';
import { kindOf } from '../../layers/catalog';
import { cellOf } from '../layers/registry';
import { directionsOf, hasInputRows, isMixer, type ModelConfig } from '../model/config';
import type { Direction } from '../../layers/direction';

/** Even, so that rows merge in pairs. */
const maxRows = 1024;
/** Of a longer window neighboring steps share a column. */
const maxColumns = 256;

export interface RecordedSeries {
  readonly layer: number;
  readonly direction: Direction;
  /**
   * The unit map of a state: norms of ∂L/∂s_t over the window; `input`, of what the layer reads, or above all layers the output, likewise where no state has
   * it; otherwise one of `Cell.counts`, a fraction.
   */
  readonly name: string;
  /** First column of a row, and how many. */
  readonly offset: number;
  readonly columns: number;
}

export class Recording {
  readonly series: readonly RecordedSeries[];
  /** Training steps that one row stands for. */
  stepsPerRow = 1;
  /** Whole rows; the one after them is being filled. */
  rows = 0;
  /** (maxRows + 1) × width: squares of norms, and fractions; of the row that is being filled their sums. */
  readonly values: Float64Array;
  private readonly width: number;
  private readonly columns: number;
  private readonly stepsPerColumn: number;
  /** Training steps in the row that is being filled. */
  private pending = 0;

  /** @param steps T, of the longest window */
  constructor(config: ModelConfig, steps: number) {
    this.stepsPerColumn = Math.ceil(steps / maxColumns);
    this.columns = Math.ceil(steps / this.stepsPerColumn);
    const series: RecordedSeries[] = [];
    let offset = 0;
    for (const [layer, own] of config.layers.entries()) {
      const { states } = kindOf(own.cell);
      const counts = isMixer(own) ? [] : cellOf(own.cell).counts;
      for (const direction of directionsOf(own)) {
        const add = (name: string, columns: number) => {
          series.push({ layer, direction, name, offset, columns });
          offset += columns;
        };
        for (const state of states) add(state.unitMap, this.columns);
        for (const name of counts) add(name, 1);
      }
    }
    // What older records have not stands behind what they have.
    for (let layer = 0; layer <= config.layers.length; layer++) {
      if (!hasInputRows(config, layer)) continue;
      series.push({ layer, direction: 'forward', name: 'input', offset, columns: this.columns });
      offset += this.columns;
    }
    this.series = series;
    this.width = offset;
    this.values = new Float64Array((maxRows + 1) * offset);
  }

  /** Adds a training step: of each layer and direction the norms of its first `steps` steps, and the fractions of its gates. */
  add(
    {
      totals,
      inputs,
    }: { readonly totals: readonly (readonly TotalNorms[])[]; readonly inputs: readonly (Float64Array | null)[] },
    saturation: readonly (readonly Float64Array[])[],
    steps: number,
  ): void {
    let at = this.rows * this.width;
    const addNorms = (norms: Float64Array) => {
      for (let t = 0; t < steps; t++)
        this.values[at + Math.floor(t / this.stepsPerColumn)] += (norms[t] * norms[t]) / this.stepsPerColumn;
      at += this.columns;
    };
    totals.forEach((directions, layer) => {
      directions.forEach((states, d) => {
        states.forEach(addNorms);
        for (const fraction of saturation[layer][d]) this.values[at++] += fraction;
      });
    });
    for (const norms of inputs) if (norms) addNorms(norms);
    this.pending++;
    if (this.pending === this.stepsPerRow) this.finishRow();
  }

  /** Values of one whole row: squares of norms, and fractions. */
  row(index: number): Float64Array {
    return this.values.subarray(index * this.width, (index + 1) * this.width);
  }

  /** What must be saved beside `values` to continue: plain whole numbers. */
  get state(): { recordedRows: number; recordedStepsPerRow: number; recordedPending: number } {
    return { recordedRows: this.rows, recordedStepsPerRow: this.stepsPerRow, recordedPending: this.pending };
  }

  restore({ recordedRows, recordedStepsPerRow, recordedPending }: Recording['state']): void {
    this.rows = recordedRows;
    this.stepsPerRow = recordedStepsPerRow;
    this.pending = recordedPending;
  }

  private finishRow(): void {
    const row = this.row(this.rows);
    for (let i = 0; i < row.length; i++) row[i] /= this.stepsPerRow;
    this.rows++;
    this.pending = 0;
    if (this.rows === maxRows) this.mergePairs();
    this.row(this.rows).fill(0);
  }

  private mergePairs(): void {
    for (let r = 0; r < maxRows; r += 2) {
      const [first, second, merged] = [this.row(r), this.row(r + 1), this.row(r / 2)];
      for (let i = 0; i < merged.length; i++) merged[i] = (first[i] + second[i]) / 2;
    }
    this.rows = maxRows / 2;
    this.stepsPerRow *= 2;
  }
}
