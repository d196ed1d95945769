/** Under the unit map: how saturated each unit is, how long it remembers, and which units are dead or saturated. */
import { element } from '../../shared/dom';
import type { ExportedFigure } from '../../shared/exporting/exported';
import { HalfLifeFigure } from './halfLife';
import { SaturationFigure } from './saturation';
import type { PageParts } from '../../shared/section';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { findingsOf } from './units/findings';
import { isGate, isShare, type Quantity, type UnitStatistics } from './units/statistics';

export class UnitDetails {
  readonly root: HTMLElement;
  private readonly texts: Texts;
  private readonly saturation: SaturationFigure;
  private readonly halfLife: HalfLifeFigure;
  private readonly saturationBlock: HTMLElement;
  private readonly halfLifeBlock: HTMLElement;
  private readonly findings = element('ul', { class: 'findings' });
  private statistics: UnitStatistics | null = null;
  private quantity: Quantity = null;
  private said = '';

  constructor(private readonly parts: PageParts) {
    const { texts } = parts;
    this.texts = texts;
    this.saturation = new SaturationFigure(texts);
    this.halfLife = new HalfLifeFigure(texts);
    this.saturationBlock = element(
      'div',
      {},
      element('h3', { text: texts.get('panel.saturation.title') }),
      this.saturation.figure.canvas,
    );
    this.halfLifeBlock = element(
      'div',
      {},
      element('h3', { text: texts.get('panel.halfLife.title') }),
      this.halfLife.figure.canvas,
    );
    this.root = element('div', { class: 'details' }, this.saturationBlock, this.halfLifeBlock, this.findings);
    this.listen();
  }

  show(statistics: UnitStatistics, quantity: Quantity, relu: boolean): void {
    this.statistics = statistics;
    this.quantity = quantity;
    this.saturationBlock.hidden = statistics.left === null;
    this.halfLifeBlock.hidden = statistics.halfLife === null;
    const sentences = findingsOf(statistics, quantity, relu, this.texts);
    const said = sentences.join('\n');
    if (said !== this.said) this.findings.replaceChildren(...sentences.map((text) => element('li', { text })));
    this.said = said;
    this.findings.hidden = sentences.length === 0;
    this.root.hidden = statistics.left === null && statistics.halfLife === null && sentences.length === 0;
    this.saturation.show(statistics);
    if (statistics.halfLife) this.halfLife.show(statistics.halfLife);
    this.saturation.figure.describe(this.texts.get('panel.saturation.description', said.replaceAll('\n', ' ')));
    this.halfLife.figure.describe(this.texts.get('panel.halfLife.description', said.replaceAll('\n', ' ')));
  }

  draw(theme: Theme, unit: number | null): void {
    if (this.statistics?.left) {
      const [left, right] = axesOf(this.quantity);
      this.saturation.draw({ left: this.texts.get(left), right: this.texts.get(right) }, theme, unit);
    }
    if (this.statistics?.halfLife) this.halfLife.draw(theme, unit);
  }

  figures(): readonly ExportedFigure[] {
    const { texts, statistics } = this;
    return [
      ...(statistics?.left ? [this.saturation.figure.exported('saturation', texts.get('panel.saturation.title'))] : []),
      ...(statistics?.halfLife ? [this.halfLife.figure.exported('half-life', texts.get('panel.halfLife.title'))] : []),
    ];
  }

  private listen(): void {
    const { view } = this.parts;
    const { canvas } = this.saturation.figure;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.addEventListener('pointermove', (event) =>
      view.setMark(view.mark, this.saturation.unitAt(event.offsetX, event.offsetY)),
    );
    canvas.addEventListener('pointerleave', () => view.setMark(view.mark, null));
    canvas.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      const units = this.statistics?.isZero.length ?? 0;
      if (step === undefined || units === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      view.setMark(view.mark, view.unit === null ? 0 : (view.unit + step + units) % units);
      view.announce();
    });
  }
}

function axesOf(quantity: Quantity) {
  if (isGate(quantity)) return ['panel.saturation.axisShut', 'panel.saturation.axisOpen'] as const;
  return isShare(quantity)
    ? (['panel.saturation.axisForgets', 'panel.saturation.axisKeeps'] as const)
    : (['panel.saturation.axisLow', 'panel.saturation.axisHigh'] as const);
}
