/** Where each step stands: the one mapping between steps and horizontal places that all figures over the text share. */

/** Steps first … first + count − 1 share `width` pixels from `left` on, all equally wide. CSS pixels. */
export interface Columns {
  readonly left: number;
  readonly width: number;
  readonly first: number;
  readonly count: number;
}

export function columnWidth(columns: Columns): number {
  return columns.width / columns.count;
}

/** Left edge of a step's column. */
export function edgeOf(columns: Columns, step: number): number {
  return columns.left + (step - columns.first) * columnWidth(columns);
}

export function centreOf(columns: Columns, step: number): number {
  return edgeOf(columns, step + 0.5);
}

/** The step whose column holds x; null beside the columns. */
export function stepAt(columns: Columns, x: number): number | null {
  const index = Math.floor((x - columns.left) / columnWidth(columns));
  return index >= 0 && index < columns.count ? columns.first + index : null;
}
