/** What is done on the page's canvases, counted: it says how much is drawn on any machine. */
export interface DrawnCounts {
  /** Figure → how often it was cleared, to be redrawn. */
  readonly figures: Readonly<Record<string, number>>;
  /** Calls of any canvas's methods. */
  readonly calls: number;
  /** Pixels that were given colors one by one. */
  readonly pixels: number;
  /** How often the page asked for the next picture of the screen. */
  readonly pictures: number;
}
