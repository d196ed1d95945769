/** The source × target matrix in a terminal. */
import type { Canvas } from './flowDrawing';
import { localize } from './language';
import { canPaint, paintRatio, ratioCharacter } from './paint';

/** Cells a side at most: what a screen holds. */
const maxSide = 40;

/**
 * Row τ, column t, each row relative to its own target; of a longer text steps are put together: a cell shows the largest gradient in it. The rows are
 * taken as they come, so that none need be kept.
 */
export class MatrixDrawing {
  private readonly stepsPerCell: number;
  private readonly cells: number;
  private readonly largest: Float64Array;
  private row = 0;

  /** @param size T */
  constructor(
    private readonly size: number,
    private readonly canvas: Canvas,
  ) {
    const side = Math.min(size, maxSide, Math.floor((canvas.columns - 10) / 2));
    this.stepsPerCell = Math.ceil(size / side);
    this.cells = Math.ceil(size / this.stepsPerCell);
    this.largest = new Float64Array(this.cells ** 2).fill(NaN);
  }

  /** @param rows log₁₀, T values each, the first behind those before */
  add(rows: Float64Array): void {
    const { size, stepsPerCell, cells, largest } = this;
    for (let at = 0; at < rows.length; at += size, this.row++) {
      const own = rows[at + this.row];
      const first = Math.floor(this.row / stepsPerCell) * cells;
      for (let t = 0; t < size; t++) {
        const value = rows[at + t];
        const ratio = value === -Infinity ? -Infinity : value - own;
        const cell = first + Math.floor(t / stepsPerCell);
        if (!Number.isNaN(ratio) && !(ratio <= largest[cell])) largest[cell] = ratio;
      }
    }
  }

  lines(): string[] {
    const { stepsPerCell, cells, largest, canvas } = this;
    const lines = Array.from({ length: cells }, (_, row) => {
      const label = String(row * stepsPerCell).padStart(7);
      return `${label}  ${Array.from(largest.subarray(row * cells, (row + 1) * cells), (ratio) => cell(ratio, canvas)).join('')}`;
    });
    const together = stepsPerCell > 1 ? ` ${localize('drawing.stepsPerCell', stepsPerCell)}` : '';
    return [localize('drawing.matrixCaption', together), ...lines];
  }
}

function cell(ratio: number, { depth, thresholds }: Canvas): string {
  if (Number.isNaN(ratio)) return '  ';
  return canPaint(depth) ? paintRatio('  ', ratio, thresholds, depth) : ratioCharacter(ratio, thresholds).repeat(2);
}
