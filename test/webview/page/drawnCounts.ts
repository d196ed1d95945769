/** Counts what is done on the page's canvases. */
import type { DrawnCounts } from '../drawn';

let counts = none();

/** Counts from now on. Counting takes time, so it is not done where time is measured. */
export function countDrawing(): void {
  const { prototype } = CanvasRenderingContext2D;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const value: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    if (typeof value !== 'function') continue;
    Object.defineProperty(prototype, name, {
      configurable: true,
      value(this: CanvasRenderingContext2D, ...args: unknown[]): unknown {
        counts.calls++;
        const figure = this.canvas.dataset['figure'];
        if (name === 'clearRect' && figure !== undefined) counts.figures[figure] = (counts.figures[figure] ?? 0) + 1;
        if (name === 'putImageData') {
          const [{ width, height }] = args as [ImageData];
          counts.pixels += width * height;
        }
        return Reflect.apply(value, this, args) as unknown;
      },
    });
  }
  const next = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => {
    counts.pictures++;
    return next(callback);
  };
}

/** What was counted since this was called by last. */
export function takeCounts(): DrawnCounts {
  const taken = counts;
  counts = none();
  return taken;
}

function none(): { figures: Record<string, number>; calls: number; pixels: number; pictures: number } {
  return { figures: {}, calls: 0, pixels: 0, pictures: 0 };
}
