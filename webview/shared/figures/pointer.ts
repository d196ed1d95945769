/** Pointer and keys on a figure: the same gestures on each of them. */
import type { Range } from '../range';
import { listenToRowZoom, listenToZoom, type Zoomable, type ZoomableRows } from './zooming';

export interface Gestures {
  /** The step under a place in the figure, CSS pixels from its corner; null beside the columns. */
  stepAt(x: number, y: number): number | null;
  /** The row under it, where rows can be marked too. */
  rowAt?(y: number): number | null;
  mark(step: number | null, row: number | null): void;
  /** Moves the mark by steps and rows, or to the first or last step. */
  move(steps: number | 'first' | 'last', rows: number): void;
  reveal(step: number): void;
  target(step: number): void;
  /** The step the keys act on. */
  readonly current: () => number | null;
  /** Where the axis of steps can be zoomed. */
  readonly zoom?: Zoomable;
  /** Where its rows can be zoomed. */
  readonly zoomRows?: ZoomableRows;
}

const page = 10;
const keyZoom = 1.5;

export function listen(canvas: HTMLCanvasElement, gestures: Gestures): void {
  const place = (event: MouseEvent): number | null => gestures.stepAt(event.offsetX, event.offsetY);
  const wasDragged = gestures.zoom ? listenToZoom(canvas, gestures.zoom) : () => false;
  if (gestures.zoomRows) listenToRowZoom(canvas, gestures.zoomRows);
  canvas.tabIndex = 0;
  // Not an image any more: a screen reader hands the keys on to an application.
  canvas.setAttribute('role', 'application');
  canvas.addEventListener('pointermove', (event) => {
    gestures.mark(place(event), gestures.rowAt?.(event.offsetY) ?? null);
  });
  canvas.addEventListener('pointerleave', () => gestures.mark(null, null));
  canvas.addEventListener('click', (event) => {
    const step = place(event);
    if (step === null || wasDragged()) return;
    if (event.shiftKey) gestures.target(step);
    else gestures.reveal(step);
  });
  canvas.addEventListener('dblclick', (event) => {
    const step = place(event);
    if (step !== null) gestures.target(step);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.altKey && gestures.zoomRows && zoomKey(event.key, gestures.zoomRows.range, null)) event.preventDefault();
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (
      key(event.key, event.shiftKey, gestures) ||
      (gestures.zoom && zoomKey(event.key, gestures.zoom.range, gestures.current()))
    )
      event.preventDefault();
  });
}

/** Whether the key means something here. */
function key(name: string, fast: boolean, gestures: Gestures): boolean {
  const steps = fast ? page : 1;
  const step = gestures.current();
  switch (name) {
    case 'ArrowLeft':
      gestures.move(-steps, 0);
      return true;
    case 'ArrowRight':
      gestures.move(steps, 0);
      return true;
    case 'PageUp':
      gestures.move(-page, 0);
      return true;
    case 'PageDown':
      gestures.move(page, 0);
      return true;
    case 'Home':
      gestures.move('first', 0);
      return true;
    case 'End':
      gestures.move('last', 0);
      return true;
    case 'ArrowUp':
      if (gestures.rowAt) gestures.move(0, -steps);
      return gestures.rowAt !== undefined;
    case 'ArrowDown':
      if (gestures.rowAt) gestures.move(0, steps);
      return gestures.rowAt !== undefined;
    case 'Escape':
      gestures.mark(null, null);
      return true;
    case 'Enter':
      if (step !== null) gestures.target(step);
      return true;
    case ' ':
      if (step !== null) gestures.reveal(step);
      return true;
    default:
      return false;
  }
}

/** + and − zoom around the marked place, or the middle; 0 shows all. */
export function zoomKey(name: string, range: Range, marked: number | null): boolean {
  const around = (marked ?? range.first + range.count / 2 - 0.5) + 0.5;
  switch (name) {
    case '+':
    case '=':
      range.zoom(1 / keyZoom, around);
      return true;
    case '-':
      range.zoom(keyZoom, around);
      return true;
    case '0':
      range.showAll();
      return true;
    default:
      return false;
  }
}
