/** The flow's color scale: fixed, in powers of ten, with the thresholds on it. */
import type { Thresholds } from '../../../src/terms/regions';
import { flowMap, flowScale } from '../colors/maps';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { FigureCanvas, labelSize } from './canvas';
import { drawWhole, Heatmap, showScale } from './heatmap';
import type { Pen } from './pen';

export const scaleWidth = 300;
const height = 46;
const barTop = 16;
const barHeight = 11;
const inset = 14;

export class ScaleFigure {
  readonly figure = new FigureCanvas('scale');
  private readonly bar = new Heatmap();

  constructor(private readonly texts: Texts) {}

  draw(thresholds: Thresholds, theme: Theme): void {
    this.figure.render(scaleWidth, height, (pen) => this.drawOn(pen, thresholds, theme));
  }

  private drawOn(pen: Pen, thresholds: Thresholds, theme: Theme): void {
    const width = scaleWidth - 2 * inset;
    const x = (power: number): number => inset + ((power - flowScale.low) / (flowScale.high - flowScale.low)) * width;
    showScale(this.bar, flowMap(theme.kind), false);
    drawWhole(pen, this.bar, 1, 256, inset, barTop, width, barHeight);
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'alphabetic';
    pen.textAlign = 'center';
    for (let power: number = flowScale.low; power <= flowScale.high; power += 2) {
      pen.fillStyle = theme.dim;
      pen.fillRect(Math.round(x(power)), barTop + barHeight, 1, 4);
      pen.fillText(powerOfTen(power), x(power), height - 4);
    }
    this.drawThreshold(pen, x(thresholds.vanishing), 'panel.scale.vanishing', 'right', theme.vanishing);
    this.drawThreshold(pen, x(thresholds.exploding), 'panel.scale.exploding', 'left', theme.exploding);
  }

  private drawThreshold(
    pen: Pen,
    x: number,
    name: 'panel.scale.vanishing' | 'panel.scale.exploding',
    side: 'left' | 'right',
    color: string,
  ): void {
    const place = Math.round(Math.min(Math.max(x, inset), scaleWidth - inset));
    const label = this.texts.get(name);
    const size = pen.measureText(label).width;
    pen.fillStyle = color;
    pen.fillRect(place, barTop - 13, 1, barHeight + 13);
    pen.textAlign = 'left';
    const start = side === 'right' ? place - 4 - size : place + 5;
    pen.fillText(label, Math.min(Math.max(start, 0), scaleWidth - size), barTop - 5);
  }
}
