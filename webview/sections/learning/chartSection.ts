/** Is it learning? The two charts of a run, with their headings and keys. */
import { lossUnitOf, type LossUnit } from '../../../src/protocol/run';
import type { TrainingSettings } from '../../../src/protocol/settings';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { metricTables } from './metricTables';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame, type Explanation } from '../../shared/sectionFrame';
import type { Texts } from '../../shared/texts';
import { lossDigits, unitKeys } from '../../shared/lossWords';
import { LineChart, nearest } from '../../shared/charts/lineChart';
import { Metrics } from '../../shared/charts/metrics';

const bitsPerNat = 1 / Math.LN2;

/** Of a training elsewhere nobody knows the unit. */
type UnitName = Exclude<LossUnit, null> | 'none';

/** What the loss is. */
const explanations: Readonly<Record<UnitName, Explanation>> = {
  nats: ['panel.loss.explained', { formula: 'L = −(1/n) Σ_t ln p(x_t)' }, 'panel.loss.explainedScale'],
  squaredError: ['panel.loss.explainedNumbers', { formula: 'L = (1/n) Σ (1/m) Σ_i (y_i − z_i)²' }],
  none: ['panel.loss.explainedAsGiven'],
};

/** What stands under the heading, what is written at a step, and what a screen reader is told of the curve. */
const sentences = {
  nats: 'panel.loss.sentence',
  squaredError: 'panel.loss.sentenceNumbers',
  none: 'panel.loss.sentenceAsGiven',
} as const;
const descriptions = {
  nats: 'panel.loss.description',
  squaredError: 'panel.loss.descriptionNumbers',
  none: 'panel.loss.descriptionAsGiven',
} as const;
const descriptionsNotFinite = {
  nats: 'panel.loss.descriptionNotFinite',
  squaredError: 'panel.loss.descriptionNumbersNotFinite',
  none: 'panel.loss.descriptionAsGivenNotFinite',
} as const;

/** What a run clips its gradient to; null is no limit. */
type Clipping = Pick<TrainingSettings, 'clipNorm' | 'clipValue'>;
const unclipped: Clipping = { clipNorm: null, clipValue: null };

export class ChartSection implements Section {
  readonly root: HTMLElement;
  private readonly loss: LineChart;
  private readonly norm: LineChart;
  /** Hidden where nothing is validated, as in a recording. */
  private readonly validationKey: HTMLElement;
  private readonly sentence: HTMLElement;
  private readonly explainLoss: (explanation: Explanation) => void;
  /** What the losses are in. */
  private readonly subtitle: HTMLElement;
  private readonly lossNote = element('span', { class: 'note' });
  private readonly normNote = element('span', { class: 'note key second' });

  private readonly texts: Texts;
  private metrics = new Metrics();

  constructor({ texts }: PageParts) {
    this.texts = texts;
    this.subtitle = element('span', { class: 'dim', text: texts.get('panel.loss.subtitle') });
    const lossPlot = element('div', { class: 'plot' });
    const normPlot = element('div', { class: 'plot' });
    const key = (kind: string, text: string): HTMLElement => element('span', { class: `key ${kind}`, text });
    const loss = sectionFrame(texts, {
      id: 'loss',
      title: 'panel.loss.title',
      sentence: 'panel.loss.sentence',
      explanation: explanations.nats,
    });
    this.explainLoss = loss.explain;
    this.sentence = loss.sentence;
    const norm = sectionFrame(texts, {
      id: 'norm',
      title: 'panel.norm.title',
      sentence: 'panel.norm.sentence',
      explanation: [
        'panel.norm.explained',
        { formula: '‖g‖ = √(Σ_i (∂L/∂θ_i)²)' },
        'panel.norm.explainedClipping',
        { formula: 'g ← g · c / (‖g‖ + 10⁻⁶) where ‖g‖ > c' },
      ],
    });
    this.validationKey = key('second dot', texts.get('panel.loss.validation'));
    loss.controls.replaceWith(this.subtitle, key('accent line', texts.get('panel.loss.training')), this.validationKey);
    norm.controls.replaceWith(
      key('faint line', texts.get('panel.norm.before')),
      key('accent line', texts.get('panel.norm.after')),
    );
    loss.root.append(lossPlot);
    lossPlot.append(this.lossNote);
    norm.root.append(normPlot);
    normPlot.append(this.normNote);
    this.root = element('div', { class: 'charts' }, loss.root, norm.root);
    this.loss = new LineChart(
      lossPlot,
      'loss',
      [
        { color: (theme) => theme.accent, kind: 'line' },
        { color: (theme) => theme.second, kind: 'dots' },
      ],
      false,
      texts,
      (step) => this.noteLoss(step),
    );
    this.norm = new LineChart(
      normPlot,
      'norm',
      [
        { color: (theme) => theme.dim, kind: 'line' },
        { color: (theme) => theme.accent, kind: 'line' },
        { color: (theme) => theme.second, kind: 'squares' },
      ],
      true,
      texts,
      (step) => this.noteNorm(step),
    );
  }

  draw({ run, status, metrics, theme, fresh }: Scene): void {
    // A model opened without a run's history was not trained here.
    this.root.hidden = run === null || (status.state === 'stopped' && metrics.latest === null);
    this.metrics = metrics;
    if (fresh.paint) {
      this.loss.setTheme(theme);
      this.norm.setTheme(theme);
    }
    // How a recorded training clips is seen only by its norms.
    this.isRecording = run?.recording !== undefined;
    const unit = run ? lossUnitOf(run) : 'nats';
    if (this.unit !== unit) {
      this.unit = unit;
      this.explainLoss(explanations[this.unitName]);
    }
    setText(this.subtitle, this.unitText);
    setText(this.sentence, this.texts.get(sentences[this.unitName]));
    if (fresh.paint || fresh.metrics) this.redraw(run && !run.recording ? run.training : unclipped);
  }

  figures(): readonly ExportedFigure[] {
    if (this.root.hidden || !this.metrics.latest) return [];
    const { texts } = this;
    return [
      this.loss.exported('loss', `${texts.get('panel.loss.title')}, ${this.unitText}`, [
        texts.get('panel.loss.training'),
        ...(this.validationKey.hidden ? [] : [texts.get('panel.loss.validation')]),
      ]),
      this.norm.exported('gradient-norm', texts.get('panel.norm.title'), [
        texts.get('panel.norm.before'),
        texts.get('panel.norm.after'),
      ]),
    ];
  }

  tables(): readonly ExportedTable[] {
    return this.root.hidden || !this.metrics.latest ? [] : metricTables(this.metrics, this.unit, this.texts);
  }

  /** Redraws from the metrics. */
  private redraw(clipping: Clipping): void {
    this.clipping = clipping;
    const { metrics } = this;
    this.loss.show([metrics.loss.points, metrics.validation.points]);
    this.validationKey.hidden = metrics.validation.points.length === 0;
    this.norm.show([metrics.normBefore.points, metrics.normAfter.points, metrics.clipped.points]);
    this.noteLoss(this.loss.pointed);
    this.noteNorm(this.norm.pointed);
    this.describe();
    this.root.dataset['points'] = String(metrics.pointCount);
  }

  private clipping: Clipping = unclipped;
  private isRecording = false;
  private unit: LossUnit = 'nats';

  private get unitName(): UnitName {
    return this.unit ?? 'none';
  }

  private get unitText(): string {
    return this.texts.get(unitKeys[this.unitName]);
  }

  private digits(loss: number): string {
    return lossDigits(this.texts, loss, this.unit);
  }

  private noteLoss(step: number | null): void {
    const point = step === null ? undefined : nearest(this.metrics.loss.points, step);
    const { numbers } = this.texts;
    setText(
      this.lossNote,
      point
        ? this.unit === 'nats'
          ? this.texts.get(
              'panel.loss.at',
              numbers.integer(point.x),
              this.digits(point.y),
              numbers.decimals(point.y * bitsPerNat, 2),
            )
          : this.texts.get('panel.loss.atNumbers', numbers.integer(point.x), this.digits(point.y))
        : '',
    );
  }

  private noteNorm(step: number | null): void {
    const { texts, metrics } = this;
    const { numbers } = texts;
    const point = step === null ? undefined : nearest(metrics.normBefore.points, step);
    // The clipped steps' mark stands before their share.
    const { clipNorm, clipValue } = this.clipping;
    this.normNote.classList.toggle('square', !point && (clipNorm !== null || clipValue !== null));
    if (point) {
      const after = nearest(metrics.normAfter.points, point.x);
      const clipped = after?.x === point.x && after.y < point.y * (1 - 1e-6);
      setText(
        this.normNote,
        clipped
          ? texts.get('panel.norm.atClipped', numbers.integer(point.x), numbers.short(point.y), numbers.short(after.y))
          : texts.get('panel.norm.at', numbers.integer(point.x), numbers.short(point.y)),
      );
    } else {
      const share = numbers.percent(metrics.clippedCount, metrics.stepCount);
      if (clipNorm !== null)
        setText(this.normNote, texts.get('panel.norm.clippedShare', share, numbers.plain(clipNorm)));
      else if (clipValue !== null)
        setText(this.normNote, texts.get('panel.norm.cutShare', share, numbers.plain(clipValue)));
      else if (this.isRecording)
        setText(this.normNote, metrics.clippedCount > 0 ? texts.get('panel.norm.recordedShare', share) : '');
      else setText(this.normNote, texts.get('panel.norm.unclipped'));
    }
  }

  private describe(): void {
    const { texts, metrics } = this;
    const { numbers } = texts;
    if (!metrics.latest) {
      this.loss.describe(texts.get('panel.loss.empty'));
      this.norm.describe(texts.get('panel.loss.empty'));
      return;
    }
    const steps = numbers.integer(metrics.stepCount);
    const { latest, lastValidation } = metrics;
    const first = this.digits(metrics.firstLoss);
    const said = [
      Number.isFinite(latest.loss)
        ? texts.get(descriptions[this.unitName], steps, first, this.digits(latest.loss))
        : texts.get(descriptionsNotFinite[this.unitName], steps, first),
    ];
    if (lastValidation !== null)
      said.push(
        Number.isFinite(lastValidation)
          ? texts.get(
              // A training elsewhere is not validated here.
              this.unit === 'squaredError'
                ? 'panel.loss.descriptionValidationNumbers'
                : 'panel.loss.descriptionValidation',
              this.digits(lastValidation),
            )
          : texts.get('panel.loss.descriptionValidationNotFinite'),
      );
    this.loss.describe(said.join(' '));
    this.norm.describe(
      texts.get(
        'panel.norm.description',
        steps,
        numbers.short(metrics.latest.gradientNorm),
        numbers.short(metrics.largestNorm),
      ),
    );
  }
}
