/** The values of one step in words and numbers: of the marked one, or of the target while none is marked. */
import { seriesOf, unitMapOf, type Frame } from '../src/protocol/frame';
import { element, setText } from './dom';
import { gainAt, type FlowRow } from './flowRows';
import { visibleSymbol } from './symbols';
import type { Texts } from './texts';

export class Readout {
  readonly root: HTMLElement;
  private readonly token = element('span', { class: 'token' });
  private readonly place = element('span');
  private readonly loss = element('span', { class: 'number' });
  private readonly unit = element('span', { class: 'number' });
  private readonly table = element('div', { class: 'values' });
  /** Said aloud, a little later than it is seen, so that moving along the text does not flood a screen reader. */
  private readonly spoken = element('div', { class: 'unseen', attributes: { 'aria-live': 'polite' } });
  private speaking: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly texts: Texts) {
    this.root = element(
      'div',
      { class: 'readout' },
      element('div', { class: 'line' }, this.token, this.place, this.loss, this.unit),
      this.table,
      element('div', { class: 'hint dim', text: texts.get('readoutHint') }),
      this.spoken,
    );
  }

  /** `unit` is the row marked on the unit map, if any. */
  show(frame: Frame, rows: readonly FlowRow[], mark: number | null, unit: number | null): void {
    const { texts } = this;
    const { numbers } = texts;
    const { tokens, target } = frame.header;
    const step = mark ?? target;
    const loss = seriesOf(frame, 'loss')?.[step];
    setText(this.token, texts.get('readoutToken', visibleSymbol(tokens[step])));
    setText(this.place, this.placeOf(step, target));
    setText(this.loss, loss === undefined ? '' : texts.get('readoutLoss', numbers.decimals(loss, 2)));
    setText(this.unit, unit === null || mark === null ? '' : this.unitText(frame, step, unit));
    const cells = rows.flatMap((row) => this.layerCells(frame, row, step));
    if (this.table.childElementCount !== cells.length) this.table.replaceChildren(...cells.map(() => element('span', { class: 'number' })));
    cells.forEach((text, i) => setText(this.table.children[i] as HTMLElement, text));
  }

  /** Says what is shown now, for those who moved here by keys. */
  speak(): void {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      const parts = [this.token, this.place, this.loss, this.unit, ...this.table.children].map((node) => node.textContent);
      setText(this.spoken, parts.filter((text) => text !== '').join(', '));
    }, 150);
  }

  private placeOf(step: number, target: number): string {
    const lag = target - step;
    if (lag === 0) return this.texts.get('readoutTarget');
    if (lag === 1) return this.texts.get('readoutOneBack');
    if (lag === -1) return this.texts.get('readoutOneAfter');
    return this.texts.get(lag > 0 ? 'readoutBack' : 'readoutAfter', this.texts.numbers.integer(Math.abs(lag)));
  }

  private unitText(frame: Frame, step: number, unit: number): string {
    const { unitMap } = frame.header;
    const value = unitMapOf(frame)[step * unitMap.units + unit];
    return this.texts.get('readoutUnit', this.texts.numbers.integer(unit), this.texts.get(unitMap.quantity), this.texts.numbers.decimals(value, 2));
  }

  private layerCells(frame: Frame, row: FlowRow, step: number): string[] {
    const { texts } = this;
    const { numbers } = texts;
    const gain = gainAt(row, step, frame.header.target);
    const size = seriesOf(frame, row.state, row.layer, row.direction)?.[step];
    return [
      texts.row(row),
      this.relativeText(row.relative[step], step === frame.header.target),
      gain === null ? '' : texts.get('readoutGain', numbers.short(gain)),
      size === undefined ? '' : texts.get(row.state === 'cell' ? 'readoutCell' : 'readoutHidden', numbers.short(size)),
    ];
  }

  private relativeText(relative: number, own: boolean): string {
    if (Number.isNaN(relative)) return this.texts.get('readoutUnreachable');
    if (relative === Number.NEGATIVE_INFINITY) return this.texts.get('readoutZero');
    if (relative === Number.POSITIVE_INFINITY) return this.texts.get('readoutNotFinite');
    return own ? this.texts.get('readoutOwn') : this.texts.get('readoutRelative', this.texts.numbers.fromLog10(relative));
  }
}
