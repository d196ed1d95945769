/** Where each step stands: the one mapping between steps and horizontal places that all figures over the text share. */

/** Steps from `first` on, `count` of them, share `width` pixels from `left` on, all equally wide; neither need be whole. CSS pixels. */
export interface Columns {
  readonly left: number;
  readonly width: number;
  readonly first: number;
  readonly count: number;
}

/** Margins of the columns: names of layers and units on the left, axes on the right. CSS pixels. */
const marginLeft = 58;
/** Of a graph's tensors, whose names are longer; a narrow page gives them this part of its width. */
const marginOfTensors = { most: 132, share: 0.28 };
const marginRight = 44;

/** The columns of all figures of this width, CSS pixels. `steps`: those in view. */
export function figureColumns(
  width: number,
  hasTensors: boolean,
  steps: { readonly first: number; readonly count: number },
): Columns {
  const left = hasTensors
    ? Math.max(marginLeft, Math.min(marginOfTensors.most, Math.round(marginOfTensors.share * width)))
    : marginLeft;
  return { left, width: Math.max(40, width - left - marginRight), first: steps.first, count: steps.count };
}

export function columnWidth(columns: Columns): number {
  return columns.width / columns.count;
}

/** Left edge of a step's column. */
export function edgeOf(columns: Columns, step: number): number {
  return columns.left + (step - columns.first) * columnWidth(columns);
}

export function centerOf(columns: Columns, step: number): number {
  return edgeOf(columns, step + 0.5);
}

/** The step whose column holds x; null beside the columns. */
export function stepAt(columns: Columns, x: number): number | null {
  const within = x - columns.left;
  return within >= 0 && within < columns.width ? Math.floor(placeAt(columns, x)) : null;
}

/** The place on the axis of steps under x, not whole; also beside the columns. */
export function placeAt(columns: Columns, x: number): number {
  return columns.first + (x - columns.left) / columnWidth(columns);
}

/** First and last whole step in view, partly or fully; `total` is how many there are. */
export function stepsInView({ first, count }: Columns, total: number): { from: number; to: number } {
  return { from: Math.max(0, Math.floor(first)), to: Math.min(total, Math.ceil(first + count)) - 1 };
}
