/** What the colors of the flow mean: the scale, and the colors of what has no place on it. */
import type { Thresholds } from '../../../src/terms/regions';
import { cssColor, specialColors } from '../../shared/colors/maps';
import { element, setText } from '../../shared/dom';
import type { FigureCanvas } from '../../shared/figures/canvas';
import { ScaleFigure } from '../../shared/figures/scale';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';

export class FlowLegend {
  readonly root: HTMLElement;
  private readonly scale: ScaleFigure;
  private readonly zeroSwatch = element('i', { class: 'swatch' });
  private readonly notFiniteSwatch = element('i', { class: 'swatch' });

  constructor(private readonly texts: Texts) {
    this.scale = new ScaleFigure(texts);
    const special = (
      swatch: HTMLElement,
      key: 'panel.scale.zero' | 'panel.scale.unreachable' | 'panel.scale.notFinite',
    ): HTMLElement => {
      const label = element('span');
      setText(label, texts.get(key));
      return element('span', { class: 'special' }, swatch, label);
    };
    this.root = element(
      'div',
      { class: 'legend' },
      this.scale.figure.canvas,
      element('div', { class: 'dim', text: texts.get('panel.scale.caption') }),
      element(
        'div',
        { class: 'specials dim' },
        special(this.zeroSwatch, 'panel.scale.zero'),
        special(element('i', { class: 'swatch hatched' }), 'panel.scale.unreachable'),
        special(this.notFiniteSwatch, 'panel.scale.notFinite'),
      ),
    );
  }

  /** The scale, as it is exported with the flow. */
  get figure(): FigureCanvas {
    return this.scale.figure;
  }

  show(thresholds: Thresholds, theme: Theme): void {
    this.scale.draw(thresholds, theme);
    const special = specialColors[theme.kind];
    this.zeroSwatch.style.background = cssColor(special.zero);
    this.notFiniteSwatch.style.background = cssColor(special.notFinite);
    this.scale.figure.describe(
      this.texts.get('panel.scale.description', powerOfTen(thresholds.vanishing), powerOfTen(thresholds.exploding)),
    );
  }
}
