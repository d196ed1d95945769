/** The losses of compared runs, a line each. */
import { lossUnitOf } from '../../../src/protocol/run';
import { LineChart } from '../../shared/charts/lineChart';
import { element, setText } from '../../shared/dom';
import { commonUnit, lossDigits, unitKeys } from '../../shared/lossWords';
import type { Scene } from '../../shared/section';
import type { Texts } from '../../shared/texts';
import { runColors } from './compareLines';
import type { RunNames } from './compareNames';
import type { RunInView } from './compareRuns';

/** By what all losses are in. */
const saidKeys = {
  nats: 'panel.compare.lossAt',
  squaredError: 'panel.compare.squaredErrorAt',
  none: 'panel.compare.lossPlainAt',
} as const;

export class CompareLosses {
  readonly root: HTMLElement;
  private readonly unit = element('span', { class: 'dim' });
  private readonly plot = element('div', { class: 'plot' });
  private chart: LineChart | null = null;
  private isFresh = true;

  constructor(private readonly texts: Texts) {
    this.root = element(
      'div',
      { class: 'loss-block' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('panel.compare.lossTitle') }), this.unit),
      this.plot,
    );
  }

  /** Other runs are compared from now on. */
  open(): void {
    this.chart = null;
    this.plot.replaceChildren();
    this.isFresh = true;
  }

  /** Losses have come. */
  changed(): void {
    this.isFresh = true;
  }

  draw(runs: readonly RunInView[], names: RunNames, theme: Scene['theme'], repaint: boolean): void {
    const { texts } = this;
    const trained = runs.some(({ metrics }) => metrics.latest !== null);
    this.root.hidden = !trained;
    if (!trained || !(this.isFresh || repaint)) return;
    this.isFresh = false;
    const unit = commonUnit(runs.map(({ run }) => lossUnitOf(run)));
    setText(this.unit, texts.get(unitKeys[unit ?? 'none']));
    if (!this.chart) {
      const looks = runs.map((_, i) => ({ color: () => runColors()[i], kind: 'line' as const }));
      this.chart = new LineChart(this.plot, 'loss', looks, false, texts, () => undefined);
    }
    this.chart.setTheme(theme);
    this.chart.show(runs.map(({ metrics }) => metrics.loss.points));
    const said = runs.flatMap((run) => {
      const { latest } = run.metrics;
      if (!latest) return [];
      const { numbers } = texts;
      const [loss, step] = [lossDigits(texts, latest.loss, unit), numbers.integer(latest.step)];
      return [texts.get(saidKeys[unit ?? 'none'], names.label(run), loss, step)];
    });
    this.chart.describe(texts.get('panel.compare.lossDescription', said.join(', ')));
  }
}
