/** What pointer and keys do on every figure over the probe's text. */
import type { Frame } from '../../src/protocol/frame';
import { columnWidth, placeAt, stepAt, type Columns } from './columns';
import type { Gestures } from './figures/pointer';
import type { Range } from './range';
import type { View } from './view';

/** Where a figure's steps stand now, and what of the probe it shows; null while it shows nothing. */
export interface OverText {
  readonly columns: Columns;
  readonly frame: Frame;
}

/** What the figures over a text share: what the reader looks at, and who hears of it. */
export interface TextParts {
  readonly view: View;
  readonly link: {
    mark(step: number | null): void;
    /** Show the step where its text stands. */
    reveal(step: number): void;
    target(step: number): void;
  };
}

export interface TextGestures {
  shown(): OverText | null;
  /** The unit at a place of the figure, where units can be marked; `rowOf` and `unitOf` tell where a unit is drawn. */
  unitAt?(y: number): number | null;
  /** The unit `by` rows from this one. */
  unitBeside?(unit: number | null, offset: number): number;
  /** The stretch being dragged over. */
  brushed?(from: number | null, to: number): void;
  /** Rows in view, where they can be zoomed, and the place among them at y. */
  readonly rows?: Range;
  rowPlaceAt?(y: number): number;
}

/** The gestures of one figure; `listen` joins them to its canvas. */
export function gesturesOver({ view, link }: TextParts, figure: TextGestures): Gestures {
  const columns = (): Columns | null => figure.shown()?.columns ?? null;
  const unitAt = figure.unitAt?.bind(figure);
  const { rows } = figure;
  return {
    stepAt(x) {
      const at = columns();
      return at && stepAt(at, x);
    },
    ...(unitAt && { rowAt: unitAt }),
    mark(step, unit) {
      view.setMark(step, unit);
      link.mark(step);
    },
    move(steps, rows) {
      const shown = figure.shown();
      if (!shown) return;
      const { target, tokens } = shown.frame.header;
      const from = view.mark ?? target;
      const to = steps === 'first' ? 0 : steps === 'last' ? tokens.length - 1 : from + steps;
      const step = Math.max(0, Math.min(tokens.length - 1, to));
      view.setMark(step, rows === 0 || !figure.unitBeside ? view.unit : figure.unitBeside(view.unit, rows));
      view.steps.reveal(step);
      link.mark(step);
      view.announce();
    },
    reveal: (step) => link.reveal(step),
    target: (step) => link.target(step),
    current: () => view.mark,
    ...(rows && { zoomRows: { range: rows, placeAt: (y) => figure.rowPlaceAt?.(y) ?? 0 } }),
    zoom: {
      range: view.steps,
      placeAt: (x) => {
        const at = columns();
        return at ? placeAt(at, x) : 0;
      },
      pitch: () => {
        const at = columns();
        return at ? columnWidth(at) : 1;
      },
      ...(figure.brushed && { brushed: figure.brushed.bind(figure) }),
    },
  };
}
