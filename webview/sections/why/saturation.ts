/** One dot for each unit: at what share of the steps it is saturated on the left, and on the right. What is far out on an axis passes no gradient there. */
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import type { UnitStatistics } from './units/statistics';
import { FigureCanvas, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';

const side = 150;
const margin = { left: 42, top: 8, right: 20, bottom: 32 };
const dot = 2.5;
/** How far from a dot the pointer may be to mean it. */
const reach = 8;

export class SaturationFigure {
  readonly figure = new FigureCanvas('saturation');
  private statistics: UnitStatistics | null = null;

  constructor(private readonly texts: Texts) {}

  show(statistics: UnitStatistics): void {
    this.statistics = statistics;
  }

  /** The unit whose dot is nearest to a place in the figure. */
  unitAt(x: number, y: number): number | null {
    const { left, right } = this.statistics ?? {};
    if (!left || !right) return null;
    let [nearest, distance] = [null as number | null, reach];
    left.forEach((share, u) => {
      const away = Math.hypot(placeX(share) - x, placeY(right[u]) - y);
      if (away < distance) [nearest, distance] = [u, away];
    });
    return nearest;
  }

  draw(names: { readonly left: string; readonly right: string }, theme: Theme, unit: number | null): void {
    this.figure.render(margin.left + side + margin.right, margin.top + side + margin.bottom, (pen) =>
      this.drawOn(pen, names, theme, unit),
    );
  }

  private drawOn(
    pen: Pen,
    names: { readonly left: string; readonly right: string },
    theme: Theme,
    unit: number | null,
  ): void {
    const { left, right } = this.statistics ?? {};
    if (!left || !right) return;
    pen.font = `${labelSize}px ${theme.font}`;
    pen.strokeStyle = theme.line;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [fromX, fromY, toX, toY] of [
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 1],
    ] as const) {
      pen.moveTo(placeX(fromX) + 0.5, placeY(fromY) + 0.5);
      pen.lineTo(placeX(toX) + 0.5, placeY(toY) + 0.5);
    }
    pen.stroke();
    pen.fillStyle = theme.dim;
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    for (const share of [0, 0.5, 1]) pen.fillText(this.percent(share), margin.left - 6, placeY(share));
    pen.textAlign = 'center';
    for (const share of [0.5, 1]) pen.fillText(this.percent(share), placeX(share), placeY(0) + 10);
    pen.textAlign = 'left';
    pen.fillText(names.left, margin.left, placeY(0) + 24, side + margin.right);
    pen.fillText(names.right, margin.left + 6, margin.top + 6, side);
    pen.fillStyle = theme.accent;
    pen.globalAlpha = 0.55;
    for (let u = 0; u < left.length; u++) drawDot(pen, placeX(left[u]), placeY(right[u]), dot);
    pen.globalAlpha = 1;
    if (unit !== null && unit < left.length) {
      pen.strokeStyle = theme.foreground;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(placeX(left[unit]), placeY(right[unit]), dot + 3, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  private percent(share: number): string {
    return this.texts.get('panel.percent', this.texts.numbers.integer(100 * share));
  }
}

function placeX(share: number): number {
  return margin.left + share * side;
}

function placeY(share: number): number {
  return margin.top + (1 - share) * side;
}

function drawDot(pen: Pen, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
