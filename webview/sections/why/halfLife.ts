/** How many units remember for how long: a histogram of half-lives over a logarithmic axis of tokens. */
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { FigureCanvas, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';

/** Powers of ten of the axis, in tokens, and bins of each. */
const [low, high] = [-1, 4];
const perDecade = 4;
const bins = (high - low) * perDecade;
const width = 250;
const height = 190;
const plot = { left: 10, right: width - 10, top: 22, bottom: height - 34 };

export class HalfLifeFigure {
  readonly figure = new FigureCanvas('halfLife');
  private halfLife: Float64Array = new Float64Array(0);

  constructor(private readonly texts: Texts) {}

  show(halfLife: Float64Array): void {
    this.halfLife = halfLife;
  }

  draw(theme: Theme, unit: number | null): void {
    this.figure.render(width, height, (pen) => this.drawOn(pen, theme, unit));
  }

  private drawOn(pen: Pen, theme: Theme, unit: number | null): void {
    const counts = new Uint32Array(bins);
    for (const value of this.halfLife) counts[binOf(value)]++;
    const max = Math.max(1, ...counts);
    const tallest = counts.indexOf(max);
    const step = (plot.right - plot.left) / bins;
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'middle';
    const marked = unit !== null && unit < this.halfLife.length ? binOf(this.halfLife[unit]) : -1;
    counts.forEach((count, bin) => {
      if (count === 0) return;
      const size = Math.max(2, (count / max) * (plot.bottom - plot.top - 12));
      pen.fillStyle = theme.accent;
      pen.globalAlpha = bin === marked ? 1 : 0.6;
      pen.fillRect(plot.left + bin * step + 0.5, plot.bottom - size, step - 1, size);
      pen.globalAlpha = 1;
      if (bin === tallest || bin === marked) {
        pen.fillStyle = theme.foreground;
        pen.textAlign = 'center';
        pen.fillText(this.texts.numbers.integer(count), plot.left + (bin + 0.5) * step, plot.bottom - size - 7);
      }
    });
    pen.fillStyle = theme.line;
    pen.fillRect(plot.left, plot.bottom, plot.right - plot.left, 1);
    pen.fillStyle = theme.dim;
    for (let power = low; power <= high; power++) {
      pen.textAlign = power === low ? 'left' : power === high ? 'right' : 'center';
      const name = power === high ? powerOfTen(power) : this.texts.numbers.plain(10 ** power);
      pen.fillText(name, plot.left + (power - low) * perDecade * step, plot.bottom + 10);
    }
    pen.textAlign = 'left';
    pen.fillText(this.texts.get('panel.halfLife.axis'), plot.left, plot.bottom + 24);
    pen.fillText(this.texts.get('panel.halfLife.units'), plot.left, 8);
  }
}

function binOf(halfLife: number): number {
  if (!(halfLife > 0)) return halfLife === 0 ? 0 : bins - 1;
  return Math.max(0, Math.min(bins - 1, Math.floor((Math.log10(halfLife) - low) * perDecade)));
}
