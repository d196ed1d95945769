/** Chart.js, with only the parts used, set up the way both charts want it: no animation, no parsing, few marks. */
import {
  Chart,
  Decimation,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartDataset,
  type Plugin,
  type Scale,
} from 'chart.js';
import { decimalsOf, powerOfTen } from '../../../src/terms/numberFormat';
import type { ExportedFigure } from '../exporting/exported';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { drawChart, type Look } from './chartPicture';
import type { Point } from './series';

Chart.register(Decimation, LinearScale, LineController, LineElement, LogarithmicScale, PointElement);

/** A vertical line at the step under the pointer. */
function pointerLine(chart: LineChart): Plugin<'line'> {
  return {
    id: 'pointerLine',
    afterDraw({ ctx, chartArea, scales }) {
      if (chart.pointed === null) return;
      const x = Math.round(scales['x'].getPixelForValue(chart.pointed)) + 0.5;
      ctx.save();
      ctx.strokeStyle = chart.lineColor;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };
}

export class LineChart {
  readonly canvas = document.createElement('canvas');
  /** Step under the pointer. */
  pointed: number | null = null;
  lineColor = '';
  private theme: Theme | null = null;
  private readonly axis: string;
  private readonly chart: Chart<'line', Point[]>;

  /** `name` is the canvas's data-figure; `pointedAt` hears which step is under the pointer. */
  constructor(
    parent: HTMLElement,
    name: 'loss' | 'norm',
    private readonly looks: readonly Look[],
    private readonly logarithmic: boolean,
    texts: Texts,
    pointedAt: (step: number | null) => void,
  ) {
    this.canvas.dataset['figure'] = name;
    this.axis = texts.get('panel.axis.trainingStep');
    this.canvas.setAttribute('role', 'img');
    parent.append(this.canvas);
    const integer = (value: string | number): string => texts.numbers.integer(Number(value));
    this.chart = new Chart<'line', Point[]>(this.canvas, {
      type: 'line',
      // Datasets of a higher order are drawn first: later looks lie on top.
      data: { datasets: looks.map((look, i) => ({ ...dataset(look), order: looks.length - i })) },
      plugins: [pointerLine(this)],
      options: {
        parsing: false,
        normalized: true,
        animation: false,
        maintainAspectRatio: false,
        events: [],
        spanGaps: true,
        clip: 4,
        plugins: { decimation: { enabled: true, algorithm: 'min-max' } },
        layout: { padding: { top: 4, right: 4 } },
        scales: {
          x: {
            type: 'linear',
            grid: { display: false },
            title: { display: true, text: texts.get('panel.axis.trainingStep'), align: 'end', padding: 0 },
            ticks: { maxTicksLimit: 5, maxRotation: 0, precision: 0, callback: integer },
          },
          y: logarithmic
            ? {
                type: 'logarithmic',
                border: { display: false },
                afterBuildTicks: onlyPowers,
                ticks: { callback: (value) => power(Number(value), texts), padding: 6 },
              }
            : {
                type: 'linear',
                border: { display: false },
                grace: '5%',
                ticks: {
                  maxTicksLimit: 5,
                  // As many decimals for all, so that no two ticks read alike.
                  callback: (value, _, ticks) =>
                    texts.numbers.decimals(Number(value), Math.max(...ticks.map((tick) => decimalsOf(tick.value)))),
                  padding: 6,
                },
              },
        },
      },
    });
    this.canvas.addEventListener('pointermove', (event) => {
      const { left, right } = this.chart.chartArea;
      this.point(
        event.offsetX >= left && event.offsetX <= right
          ? (this.chart.scales['x'].getValueForPixel(event.offsetX) ?? null)
          : null,
        pointedAt,
      );
    });
    this.canvas.addEventListener('pointerleave', () => this.point(null, pointedAt));
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.lineColor = theme.dim;
    this.chart.data.datasets.forEach((set, i) => {
      const color = this.looks[i].color(theme);
      Object.assign(set, {
        borderColor: color,
        backgroundColor: color,
        pointBackgroundColor: color,
        pointBorderColor: color,
      });
    });
    const font = { family: theme.font, size: 11 };
    for (const scale of [this.chart.options.scales?.['x'], this.chart.options.scales?.['y']]) {
      if (!scale) continue;
      Object.assign(scale.ticks ?? {}, { color: theme.dim, font });
      Object.assign(scale.grid ?? (scale.grid = {}), { color: theme.line, tickColor: theme.line });
      Object.assign(scale.border ?? (scale.border = {}), { color: theme.line });
      if ('title' in scale) Object.assign(scale.title ?? {}, { color: theme.dim, font });
    }
  }

  /** Shows these points, one list per series, and draws. */
  show(series: readonly (readonly Point[])[]): void {
    series.forEach((points, i) => {
      const set = this.chart.data.datasets[i];
      set.data = points.slice();
      // A single point makes no line.
      if (this.looks[i].kind === 'line') set.pointRadius = points.length === 1 ? 2 : 0;
    });
    const scales = this.chart.options.scales;
    const ends = series.flatMap((points) => (points.length > 0 ? [points[0].x, points[points.length - 1].x] : []));
    if (scales?.['x'] && ends.length > 0) {
      const first = Math.min(...ends);
      scales['x'].min = first;
      scales['x'].max = Math.max(...ends, first + 1);
    }
    if (this.logarithmic && scales?.['y']) Object.assign(scales['y'], decades(series.flat()));
    // Not update('none'): in that mode Chart.js keeps the marks' old colors.
    this.chart.update();
  }

  /** As it is drawn now, to take away; `names` are the series', in their order. */
  exported(id: string, title: string, names: readonly string[]): ExportedFigure {
    return {
      id,
      title,
      description: this.canvas.getAttribute('aria-label') ?? '',
      width: this.chart.width,
      height: this.chart.height,
      draw: (pen) => {
        if (this.theme) drawChart(pen, this.chart, this.looks, names, this.axis, this.theme);
      },
    };
  }

  describe(text: string): void {
    if (this.canvas.getAttribute('aria-label') !== text) this.canvas.setAttribute('aria-label', text);
  }

  private point(step: number | null, pointedAt: (step: number | null) => void): void {
    if (step === this.pointed) return;
    this.pointed = step;
    this.chart.draw();
    pointedAt(step);
  }
}

function dataset(look: Look): ChartDataset<'line', Point[]> {
  if (look.kind === 'line') return { data: [], borderWidth: 1, pointRadius: 0, pointHitRadius: 0 };
  return {
    data: [],
    showLine: false,
    pointRadius: look.kind === 'dots' ? 2.5 : 1.6,
    pointStyle: look.kind === 'dots' ? 'circle' : 'rect',
    pointBorderWidth: 0,
  };
}

/** 0.01, 0.1, 1, 10 … as long as they are short, then 10⁴. */
function power(value: number, texts: Texts): string {
  const exponent = Math.round(Math.log10(value));
  return exponent >= -2 && exponent <= 3 ? texts.numbers.plain(10 ** exponent) : powerOfTen(exponent);
}

function onlyPowers(axis: Scale): void {
  const powers = axis.ticks.filter(({ value }) => Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6));
  const stride = Math.ceil(powers.length / 6);
  axis.ticks = powers.filter((_, i) => i % stride === 0);
}

/** Whole powers of ten around the points. */
function decades(points: readonly Point[]): { min: number; max: number } {
  let [min, max] = [Infinity, 0];
  for (const { y } of points) {
    min = Math.min(min, y);
    max = Math.max(max, y);
  }
  if (max === 0) return { min: 0.1, max: 10 };
  const low = Math.floor(Math.log10(min));
  return { min: 10 ** low, max: 10 ** Math.max(low + 1, Math.ceil(Math.log10(max))) };
}

/** The point nearest to a step; points are in order of x. */
export function nearest(points: readonly Point[], step: number): Point | undefined {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < step) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]] as [Point | undefined, Point | undefined];
  return before && after && step - before.x < after.x - step ? before : after;
}
