/**
 * Zooming by wheel, pinch and drag; keys are in pointer.ts. The wheel alone scrolls the page: with Ctrl or ⌘ (and so by pinching on a touchpad) it
 * zooms, sideways or with Shift it moves. Dragging zooms to the stretch dragged over, with Shift it moves. Two fingers zoom and move.
 */
import type { Range } from '../range';

export interface Zoomable {
  /** What of the axis is in view. */
  readonly range: Range;
  /** The place on the axis under x, CSS pixels from the figure's corner; not whole. */
  readonly placeAt: (x: number) => number;
  /** Length of one place on the axis, CSS pixels. */
  readonly pitch: () => number;
  /** The stretch being dragged over, in CSS pixels from the figure's corner, to be drawn; null when none is. */
  readonly brushed?: (from: number | null, to: number) => void;
}

/** Rows that can be zoomed: by the wheel with Alt, and moved by it with Alt and Shift. */
export interface ZoomableRows {
  readonly range: Range;
  readonly placeAt: (y: number) => number;
}

/** Pixels the pointer moves before a click becomes a drag. */
const dragDistance = 4;
/** Wheel pixels that double what is in view. */
const wheelDouble = 240;
const lineHeight = 16;

/** Returns whether a drag has just ended, so that the click that follows it means nothing. */
export function listenToZoom(canvas: HTMLCanvasElement, zoom: Zoomable): () => boolean {
  listenToWheel(canvas, zoom);
  listenToFingers(canvas, zoom);
  return listenToDrag(canvas, zoom);
}

export function listenToRowZoom(canvas: HTMLCanvasElement, { range, placeAt }: ZoomableRows): void {
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (!event.altKey) return;
      event.preventDefault();
      const delta = event.deltaX + event.deltaY;
      if (event.shiftKey) range.move((delta / wheelDouble) * range.count);
      else range.zoom(2 ** (delta / wheelDouble), placeAt(event.offsetY));
    },
    { passive: false },
  );
}

export function listenToWheel(canvas: HTMLCanvasElement, { range, placeAt, pitch }: Zoomable): void {
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (event.altKey) return;
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? lineHeight : 1;
      const [x, y] = [event.deltaX * unit, event.deltaY * unit];
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        // A touchpad's pinch comes as a wheel with Ctrl and small deltas.
        range.zoom(2 ** ((Math.abs(y) < 20 ? 6 * y : y) / wheelDouble), placeAt(event.offsetX));
        return;
      }
      const sideways = event.shiftKey ? x + y : x;
      if (Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : y) || range.isWhole) return;
      event.preventDefault();
      range.move(sideways / pitch());
    },
    { passive: false },
  );
}

/** Returns how many fingers touch the figure; two of them zoom. */
export function listenToFingers(canvas: HTMLCanvasElement, zoom: Zoomable): () => number {
  const fingers = new Map<number, number>();
  canvas.style.touchAction = 'pan-y';
  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') fingers.set(event.pointerId, event.offsetX);
  });
  canvas.addEventListener('pointermove', (event) => {
    const known = fingers.get(event.pointerId);
    if (known === undefined) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    if (others.length === 1) pinch(zoom, others[0][1], known, event.offsetX);
    fingers.set(event.pointerId, event.offsetX);
  });
  for (const end of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId));
  return () => fingers.size;
}

function listenToDrag(canvas: HTMLCanvasElement, zoom: Zoomable): () => boolean {
  const { range } = zoom;
  let start: { x: number; moves: boolean } | null = null;
  let dragged = false;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    dragged = false;
    start = { x: event.offsetX, moves: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!start) return;
    if (Math.abs(event.offsetX - start.x) >= dragDistance) dragged = true;
    if (!dragged) return;
    if (start.moves) {
      range.move((start.x - event.offsetX) / zoom.pitch());
      start.x = event.offsetX;
    } else zoom.brushed?.(start.x, event.offsetX);
  });
  const end = (event: PointerEvent, counts: boolean): void => {
    if (!start) return;
    zoom.brushed?.(null, 0);
    if (dragged && !start.moves && counts) {
      const [from, to] = [zoom.placeAt(start.x), zoom.placeAt(event.offsetX)].sort((a, b) => a - b);
      range.set(Math.floor(from), Math.ceil(to) - Math.floor(from));
    }
    start = null;
  };
  canvas.addEventListener('pointerup', (event) => end(event, true));
  canvas.addEventListener('pointercancel', (event) => end(event, false));
  return () => dragged;
}

/** One finger has moved from `before` to `now`, the other rests at `fixed`: what was under each of them stays there. */
function pinch({ range, placeAt }: Zoomable, fixed: number, before: number, now: number): void {
  if (Math.abs(now - fixed) < 8) return;
  const place = placeAt(fixed);
  range.zoom(Math.abs(before - fixed) / Math.abs(now - fixed), place);
}
