/** The source × target matrix in a terminal. */
import type { Canvas } from './flowDrawing';
import { localize } from './language';
import { canPaint, paintRatio, ratioCharacter } from './paint';

/** Cells a side at most: what a screen holds. */
const maxSide = 40;

/**
 * Lines of the drawing: row τ, column t, each row relative to its own target. `matrix` is T × T, log₁₀, row-major. A longer text's steps are
 * put together: a cell shows the largest gradient in it.
 */
export function drawMatrix(matrix: Float64Array, canvas: Canvas): string[] {
  const size = Math.round(Math.sqrt(matrix.length));
  const side = Math.min(size, maxSide, Math.floor((canvas.columns - 10) / 2));
  const stepsPerCell = Math.ceil(size / side);
  const cells = Math.ceil(size / stepsPerCell);
  const lines = Array.from({ length: cells }, (_, row) => {
    const label = String(row * stepsPerCell).padStart(7);
    const painted = Array.from({ length: cells }, (_, column) =>
      cell(largestRatio(matrix, size, row, column, stepsPerCell), canvas),
    );
    return `${label}  ${painted.join('')}`;
  });
  const together = stepsPerCell > 1 ? ` ${localize('drawing.stepsPerCell', stepsPerCell)}` : '';
  return [localize('drawing.matrixCaption', together), ...lines];
}

function largestRatio(matrix: Float64Array, size: number, row: number, column: number, stepsPerCell: number): number {
  let largest = NaN;
  for (let target = row * stepsPerCell; target < Math.min(size, (row + 1) * stepsPerCell); target++) {
    const own = matrix[target * size + target];
    for (let t = column * stepsPerCell; t < Math.min(size, (column + 1) * stepsPerCell); t++) {
      const value = matrix[target * size + t];
      const ratio = value === -Infinity ? -Infinity : value - own;
      if (!Number.isNaN(ratio) && !(ratio <= largest)) largest = ratio;
    }
  }
  return largest;
}

function cell(ratio: number, { depth, thresholds }: Canvas): string {
  if (Number.isNaN(ratio)) return '  ';
  return canPaint(depth) ? paintRatio('  ', ratio, thresholds, depth) : ratioCharacter(ratio, thresholds).repeat(2);
}
