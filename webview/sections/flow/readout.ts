/** The values of one step in words and numbers: of the marked one, or of the target while none is marked; and what they come to over the text. */
import { unitMapNamed } from '../../../src/layers/catalog';
import { seriesOf, unitMapOf, type Frame } from '../../../src/protocol/frame';
import type { PageKey } from '../../../src/messages';
import { element, setText } from '../../shared/dom';
import { gainAt, type FlowRow } from '../../shared/flowRows';
import { lossInWords } from '../../shared/lossWords';
import { visibleSymbol } from '../../shared/symbols';
import type { Texts } from '../../shared/texts';

const columns = [
  'panel.column.gradient',
  'panel.column.gradientFactor',
  'panel.column.state',
  'panel.column.horizon',
  'panel.column.slope',
] as const;

export class Readout {
  readonly root: HTMLElement;
  private readonly token = element('span', { class: 'token' });
  private readonly place = element('span');
  private readonly loss = element('span', { class: 'number' });
  private readonly unit = element('span', { class: 'number' });
  private readonly body = element('tbody');
  private readonly sizeHead: HTMLElement;
  private readonly hintLine = element('div', { class: 'hint dim' });
  /** Said aloud, a little later than it is seen, so that moving along the text does not flood a screen reader. */
  private readonly spoken = element('div', { class: 'unseen', attributes: { 'aria-live': 'polite' } });
  private announcing: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly texts: Texts) {
    const heads = columns.map((key) => element('th', { text: texts.get(key), attributes: { scope: 'col' } }));
    this.sizeHead = heads[columns.indexOf('panel.column.state')];
    const table = element(
      'table',
      { class: 'values' },
      element('thead', {}, element('tr', {}, element('td'), ...heads)),
      this.body,
    );
    this.root = element(
      'div',
      { class: 'readout' },
      element('div', { class: 'line' }, this.token, this.place, this.loss, this.unit),
      table,
      this.hintLine,
      this.spoken,
    );
  }

  /** What pointer and keys do. */
  hint(key: PageKey): void {
    setText(this.hintLine, this.texts.get(key));
  }

  /** `unit` is the one marked, if any. */
  show(frame: Frame, rows: readonly FlowRow[], mark: number | null, unit: number | null): void {
    const { texts } = this;
    const { tokens, target } = frame.header;
    const step = mark ?? target;
    const loss = seriesOf(frame, 'loss')?.[step];
    setText(this.sizeHead, texts.get(frame.header.graph ? 'panel.column.size' : 'panel.column.state'));
    setText(this.token, texts.get('panel.readout.token', visibleSymbol(tokens[step])));
    setText(this.place, this.placeOf(step, target));
    // Of numbers most steps predict nothing.
    const isKnown = loss !== undefined && !Number.isNaN(loss);
    setText(this.loss, isKnown ? lossInWords(texts, loss, frame.header.isOfNumbers ? 'squaredError' : 'nats') : '');
    setText(this.unit, unit === null ? '' : this.unitText(frame, step, unit));
    while (this.body.childElementCount > rows.length) this.body.lastElementChild?.remove();
    while (this.body.childElementCount < rows.length) {
      this.body.append(
        element(
          'tr',
          {},
          element('th', { attributes: { scope: 'row' } }),
          ...columns.map(() => element('td', { class: 'number' })),
        ),
      );
    }
    rows.forEach((row, i) => {
      const cells = this.body.children[i].children;
      (cells[0] as HTMLElement).title = row.series ? texts.seriesInFull(row.series) : '';
      this.cells(frame, row, step).forEach((text, j) => setText(cells[j] as HTMLElement, text));
    });
  }

  /** Says what is shown now, for those who moved here by keys. */
  announce(): void {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => {
      const line = [this.token, this.place, this.loss, this.unit].map((node) => node.textContent);
      const values = Array.from(
        this.body.rows,
        ({ cells }) => `${cells[0].textContent}: ${this.texts.get('panel.column.gradient')} ${cells[1].textContent}`,
      );
      setText(this.spoken, [...line, ...values].filter((text) => text !== '').join(', '));
    }, 150);
  }

  private placeOf(step: number, target: number): string {
    const lag = target - step;
    if (lag === 0) return this.texts.get('panel.readout.target');
    if (lag === 1) return this.texts.get('panel.readout.oneBack');
    if (lag === -1) return this.texts.get('panel.readout.oneAfter');
    return this.texts.get(
      lag > 0 ? 'panel.readout.back' : 'panel.readout.after',
      this.texts.numbers.integer(Math.abs(lag)),
    );
  }

  private unitText(frame: Frame, step: number, unit: number): string {
    const { unitMap, graph } = frame.header;
    const { numbers } = this.texts;
    const value = unitMapOf(frame)[step * unitMap.units + unit];
    // Over several powers of ten, two decimals would be zeros.
    const isPositive = !graph && unitMapNamed(unitMap.quantity).range === 'positive';
    return this.texts.get(
      'panel.readout.unit',
      numbers.integer(unit),
      this.texts.mapOf(frame.header).quantity,
      isPositive ? numbers.short(value) : numbers.decimals(value, 2),
    );
  }

  private cells(frame: Frame, row: FlowRow, step: number): string[] {
    const { texts } = this;
    const { numbers } = texts;
    const { target } = frame.header;
    const gain = gainAt(row, step, target);
    const size = seriesOf(frame, 'norm', row.layer, row.direction, row.state)?.[step];
    const { horizon, slope, level } = row.summary;
    return [
      this.nameOf(row),
      this.relativeText(row.relative[step]),
      gain === null ? '' : numbers.short(gain),
      size === undefined || Number.isNaN(size) ? '' : numbers.short(size),
      row.isOwnStepOnly
        ? ''
        : level
          ? texts.get('panel.column.level', numbers.fromLog10(level.log10))
          : horizon === null
            ? texts.get('panel.column.noHorizon')
            : numbers.integer(horizon),
      level ? numbers.decimals(level.slope, 3) : slope === null ? '' : numbers.decimals(slope, 3),
    ];
  }

  /** Of a tensor also what it is. */
  private nameOf(row: FlowRow): string {
    const { texts } = this;
    const { series } = row;
    return series && !series.isOnlyOfRole && series.role !== 'tensor'
      ? texts.get('panel.row.stateOf', texts.row(row), texts.role(series.role))
      : texts.row(row);
  }

  private relativeText(relative: number): string {
    if (Number.isNaN(relative)) return this.texts.get('panel.readout.unreachable');
    if (relative === Number.NEGATIVE_INFINITY) return this.texts.get('panel.readout.zero');
    if (relative === Number.POSITIVE_INFINITY) return this.texts.get('panel.readout.notFinite');
    return relative === 0 ? '1' : this.texts.numbers.fromLog10(relative);
  }
}
