/** The flow's colour scale: fixed, in powers of ten, with the thresholds on it. */
import type { Thresholds } from '../../src/protocol/settings';
import { flowMap, flowScale } from '../colours/maps';
import { powerOfTen } from '../format';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { FigureCanvas, labelSize } from './canvas';
import { Heatmap, paintScale } from './heatmap';

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
    const context = this.figure.begin(scaleWidth, height);
    const width = scaleWidth - 2 * inset;
    const x = (power: number): number => inset + ((power - flowScale.low) / (flowScale.high - flowScale.low)) * width;
    paintScale(this.bar, flowMap(theme.kind), false);
    this.bar.draw(context, inset, barTop, width, barHeight);
    context.font = `${labelSize}px ${theme.font}`;
    context.textBaseline = 'alphabetic';
    context.textAlign = 'center';
    for (let power: number = flowScale.low; power <= flowScale.high; power += 2) {
      context.fillStyle = theme.dim;
      context.fillRect(Math.round(x(power)), barTop + barHeight, 1, 4);
      context.fillText(powerOfTen(power), x(power), height - 4);
    }
    this.drawThreshold(context, x(thresholds.vanishing), 'scaleVanishing', 'right', theme.vanishing);
    this.drawThreshold(context, x(thresholds.exploding), 'scaleExploding', 'left', theme.exploding);
  }

  private drawThreshold(context: CanvasRenderingContext2D, x: number, name: 'scaleVanishing' | 'scaleExploding', side: 'left' | 'right', colour: string): void {
    const place = Math.round(Math.min(Math.max(x, inset), scaleWidth - inset));
    const label = this.texts.get(name);
    const size = context.measureText(label).width;
    context.fillStyle = colour;
    context.fillRect(place, barTop - 13, 1, barHeight + 13);
    context.textAlign = 'left';
    const start = side === 'right' ? place - 4 - size : place + 5;
    context.fillText(label, Math.min(Math.max(start, 0), scaleWidth - size), barTop - 5);
  }
}
