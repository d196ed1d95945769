/** A series that grows with the run but not without bound. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Most points a series keeps. */
export const capacity = 4000;

/**
 * Points in order of x. When there are more than `capacity`, every four become two: their smallest and their largest, so
 * that no peak is lost however often it is thinned.
 */
export class Series {
  private kept: Point[] = [];

  get points(): readonly Point[] {
    return this.kept;
  }

  push(x: number, y: number): void {
    this.kept.push({ x, y });
    if (this.kept.length > capacity) this.kept = thin(this.kept);
  }

  clear(): void {
    this.kept = [];
  }
}

function thin(points: readonly Point[]): Point[] {
  const thinned: Point[] = [];
  for (let i = 0; i < points.length; i += 4) {
    const group = points.slice(i, i + 4);
    let [smallest, largest] = [group[0], group[0]];
    for (const point of group) {
      if (point.y < smallest.y) smallest = point;
      if (point.y > largest.y) largest = point;
    }
    if (smallest === largest) thinned.push(smallest);
    else thinned.push(...(smallest.x < largest.x ? [smallest, largest] : [largest, smallest]));
  }
  return thinned;
}
