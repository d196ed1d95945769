/** Pointer and keys on a picture of cells in columns and rows, the first row at the bottom. */

export interface CellGestures {
  /** Under a place in the figure, CSS pixels from its corner; null beside all. */
  cellAt(x: number, y: number): number | null;
  /** Null while nothing is shown. */
  grid(): { readonly columns: number; readonly cells: number } | null;
  current(): number | null;
  mark(cell: number | null): void;
  open(cell: number): void;
  /** Picks it, or lets it go. */
  toggle(cell: number): void;
}

export function listenToCells(canvas: HTMLCanvasElement, gestures: CellGestures): void {
  canvas.tabIndex = 0;
  // Not an image any more: a screen reader hands the keys on to an application.
  canvas.setAttribute('role', 'application');
  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => gestures.mark(gestures.cellAt(offsetX, offsetY)));
  canvas.addEventListener('pointerleave', () => gestures.mark(null));
  canvas.addEventListener('click', ({ offsetX, offsetY, ctrlKey, metaKey, shiftKey }) => {
    const cell = gestures.cellAt(offsetX, offsetY);
    if (cell === null) return;
    // A finger has not moved here before.
    gestures.mark(cell);
    if (ctrlKey || metaKey || shiftKey) gestures.toggle(cell);
    else gestures.open(cell);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (key(event.key, gestures)) event.preventDefault();
  });
}

/** Whether the key means something here. */
function key(name: string, gestures: CellGestures): boolean {
  const grid = gestures.grid();
  if (!grid) return false;
  const current = gestures.current();
  const [columns, rows] = [grid.columns, grid.cells / grid.columns];
  const moves: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
    Home: [-columns, 0],
    End: [columns, 0],
    PageUp: [0, rows],
    PageDown: [0, -rows],
  };
  if (name === 'Escape') gestures.mark(null);
  else if (name === 'Enter') {
    if (current !== null) gestures.open(current);
  } else if (name === ' ') {
    if (current !== null) gestures.toggle(current);
  } else if (Object.hasOwn(moves, name)) {
    // The first key marks the upper left cell: where reading begins.
    const [column, row] = current === null ? [0, rows - 1] : [current % columns, Math.floor(current / columns)];
    const [right, up] = current === null ? [0, 0] : moves[name];
    const within = (place: number, count: number): number => Math.max(0, Math.min(count - 1, place));
    gestures.mark(within(row + up, rows) * columns + within(column + right, columns));
  } else return false;
  return true;
}
