/** Traveling over the figure: dragging goes to the step under the pointer, the arrow keys from row to row; both zoom. */
import { zoomKey } from '../../shared/figures/pointer';
import { listenToFingers, listenToRowZoom, listenToWheel, type Zoomable } from '../../shared/figures/zooming';
import type { OverTraining } from './overTraining';
import type { OverTrainingFigure, Place } from './overTrainingFigure';

const pageOfRows = 10;

export interface Traveler {
  readonly figure: OverTrainingFigure;
  readonly rows: OverTraining;
  /** The training step that is shown; null for now. */
  readonly step: () => number | null;
  readonly go: (step: number | null) => void;
  /** What is under the pointer; null for nothing. */
  readonly point: (place: Place | null) => void;
}

export function listenToTravel(traveler: Traveler): void {
  const { figure } = traveler;
  const { canvas } = figure.figure;
  const zoom: Zoomable = { range: figure.steps, placeAt: (x) => figure.stepPlaceAt(x), pitch: () => figure.pitch };
  listenToWheel(canvas, zoom);
  listenToRowZoom(canvas, { range: figure.lags, placeAt: (y) => figure.lagPlaceAt(y) });
  const fingers = listenToFingers(canvas, zoom);
  let isDragging = false;
  const point = ({ offsetX, offsetY }: PointerEvent): void => {
    const place = figure.placeAt(offsetX, offsetY);
    traveler.point(place);
    if (isDragging && fingers() < 2 && place) traveler.go(place.step);
  };
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    isDragging = true;
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, () => (isDragging = false));
  canvas.addEventListener('pointerleave', () => traveler.point(null));
  canvas.addEventListener('keydown', (event) => {
    if (event.altKey && zoomKey(event.key, figure.lags, null)) event.preventDefault();
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = traveler.step();
    if (key(event.key, traveler) || zoomKey(event.key, figure.steps, step === null ? null : figure.placeOf(step)))
      event.preventDefault();
  });
}

/** Whether the key means something here. */
function key(name: string, { figure, rows, step, go }: Traveler): boolean {
  const last = rows.rows.length - 1;
  const from = step();
  const at = from === null ? last : rows.nearest(from);
  const to = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - pageOfRows,
    PageUp: at + pageOfRows,
    Home: 0,
    End: last,
  }[name];
  if (name === 'Escape') go(null);
  else if (to === undefined) return false;
  else {
    const row = rows.rows[Math.max(0, Math.min(last, to))];
    go(row.step);
    figure.steps.reveal(figure.placeOf(row.step));
  }
  return true;
}
