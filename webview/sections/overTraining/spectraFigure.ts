/** What the carried state's spectrum came to at some training steps, on the steps of the figure above: exponent, radius and norm of R, and saturation. */
import type { SpectrumSample } from '../../../src/protocol/overTraining';
import { axisOf, drawAxis } from '../../shared/figures/axis';
import { FigureCanvas, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';

const laneHeight = 46;
const gap = 14;

/** How steps stand in the figure above. */
export interface StepPlaces {
  readonly left: number;
  readonly width: number;
  readonly xOf: (step: number) => number;
  /** Training steps that are marked. */
  readonly marked: readonly number[];
}

interface Lane {
  readonly name: string;
  readonly lines: readonly { readonly values: readonly (number | null)[]; readonly isMain: boolean }[];
  /** Values that its axis holds. */
  readonly around: readonly number[];
  /** Behind the axis's values. */
  readonly unit?: string;
}

export class SpectraFigure {
  readonly figure = new FigureCanvas('spectraOverTraining');

  constructor(private readonly texts: Texts) {}

  draw(width: number, samples: readonly SpectrumSample[], places: StepPlaces, theme: Theme): void {
    const lanes = this.lanesOf(samples);
    const height = lanes.length * (laneHeight + gap);
    this.figure.render(width, height, (pen) => {
      pen.font = `${labelSize}px ${theme.font}`;
      lanes.forEach((lane, i) => this.drawLane(pen, lane, i * (laneHeight + gap) + gap / 2, samples, places, theme));
      pen.fillStyle = theme.foreground;
      for (const step of places.marked) {
        const x = Math.round(places.xOf(step));
        if (x >= places.left && x <= places.left + places.width)
          for (let y = 0; y < height; y += 4) pen.fillRect(x, y, 1, 2);
      }
    });
  }

  /** What has no value at any step has no lane. */
  private lanesOf(samples: readonly SpectrumSample[]): Lane[] {
    const { texts } = this;
    const line = (of: (sample: SpectrumSample) => number | null, isMain = true): Lane['lines'][number] => ({
      values: samples.map(of),
      isMain,
    });
    const lanes: Lane[] = [
      {
        name: texts.get('panel.overTraining.exponent'),
        lines: [line(({ exponent }) => exponent)],
        around: [0],
      },
      {
        name: texts.get('panel.overTraining.radiusAndNorm'),
        lines: [line(({ radius }) => radius), line(({ norm }) => norm, false)],
        around: [0, 1],
      },
      {
        name: texts.get('panel.overTraining.saturated'),
        lines: [line(({ saturated }) => saturated && 100 * saturated)],
        around: [0],
        unit: ' %',
      },
    ];
    return lanes.filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)));
  }

  private drawLane(
    pen: Pen,
    { name, lines, around, unit }: Lane,
    top: number,
    samples: readonly SpectrumSample[],
    { left, width, xOf }: StepPlaces,
    theme: Theme,
  ): void {
    const known = lines.flatMap(({ values }) => values.filter((value) => value !== null && Number.isFinite(value)));
    const axis = axisOf([...around, ...(known as number[])], top, top + laneHeight, 2);
    drawAxis(pen, axis, { left, width, first: 0, count: 1 }, this.texts.numbers, theme, unit);
    pen.textAlign = 'right';
    pen.fillStyle = theme.dim;
    pen.fillText(name, left - 8, top + laneHeight / 2, left - 10);
    pen.save();
    pen.beginPath();
    pen.rect(left - 1, top - 3, width + 2, laneHeight + 6);
    pen.clip();
    for (const { values, isMain } of lines) {
      pen.strokeStyle = pen.fillStyle = isMain ? theme.accent : theme.dim;
      pen.lineWidth = 1.4;
      pen.setLineDash(isMain ? [] : [3, 3]);
      pen.lineJoin = 'round';
      pen.beginPath();
      let isOpen = false;
      samples.forEach(({ step }, i) => {
        const value = values[i];
        if (value === null || !Number.isFinite(value)) {
          isOpen = false;
          return;
        }
        const [x, y] = [xOf(step), axis.y(value)];
        if (isOpen) pen.lineTo(x, y);
        else pen.moveTo(x, y);
        isOpen = true;
      });
      pen.stroke();
      // They are few: each is seen where it was taken.
      samples.forEach(({ step }, i) => {
        const value = values[i];
        if (value !== null && Number.isFinite(value)) pen.fillRect(xOf(step) - 1.5, axis.y(value) - 1.5, 3, 3);
      });
    }
    pen.restore();
  }
}
