/** What a section gives to take away. */
import type { Pen } from '../figures/pen';

export interface ExportedFigure {
  /** Part of a file's name: lower-case letters and hyphens. */
  readonly id: string;
  readonly title: string;
  /** What the figure says, in words: its text alternative. */
  readonly description: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Draws it from the corner (0, 0); the background is there already. */
  draw(pen: Pen): void;
}

/** Of the table's cells, numbers stay numbers: not finite ones are written as words. */
export type Cell = string | number | null;

export interface ExportedTable {
  readonly id: string;
  readonly title: string;
  /** Names of the columns, with their units. */
  readonly columns: readonly string[];
  /** Made when asked for. */
  rows(): Iterable<readonly Cell[]>;
}
