/** Values in rows and columns, and the part of them that is drawn. */

export interface Grid {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Index in `values` of row r, column c is r·rowStride + c·columnStride. */
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Part of a grid, and the pixels it gets. */
export interface Window {
  readonly fromRow: number;
  readonly rows: number;
  readonly outRows: number;
  /** Not always whole where columns share pixels. */
  readonly fromColumn: number;
  readonly columns: number;
  readonly outColumns: number;
}
