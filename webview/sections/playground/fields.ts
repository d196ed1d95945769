/** The playground's controls as they stand on the page: a name, and a slider or a row of choices. */
import type { ChoiceControl, SliderControl } from '../../../src/layers/playground';
import { ChoiceRow, type Option } from '../../shared/choiceRow';
import { element, setText } from '../../shared/dom';
import { decimalsOf, type NumberFormat } from '../../../src/terms/numberFormat';

/** Digits of a logarithmic slider's value: more are not seen. */
const digits = 4;

type Range = Pick<SliderControl, 'name' | 'min' | 'max' | 'step' | 'isLogarithmic'>;

export class SliderField {
  readonly root: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly label: HTMLElement;
  private readonly value: HTMLOutputElement;

  constructor(
    private readonly range: Range,
    private readonly numbers: NumberFormat,
    moved: (value: number) => void,
  ) {
    const { name, min, max, step } = range;
    const id = `play-${name}`;
    this.label = element('label', { class: 'name', attributes: { for: id } });
    this.input = element('input', {
      attributes: {
        id,
        type: 'range',
        min: String(this.placeOf(min)),
        max: String(this.placeOf(max)),
        step: String(step),
      },
    });
    this.value = element('output', { class: 'number', attributes: { for: id } });
    this.input.addEventListener('input', () => moved(this.valueAt(Number(this.input.value))));
    this.root = element('div', { class: 'field slider' }, this.label, this.input, this.value);
  }

  show(label: string, value: number): void {
    const { isLogarithmic = false, step } = this.range;
    setText(this.label, label);
    const text = isLogarithmic ? this.numbers.short(value) : this.numbers.decimals(value, decimalsOf(step));
    setText(this.value, text);
    const place = this.placeOf(value);
    if (Number(this.input.value) !== place) this.input.value = String(place);
    this.input.setAttribute('aria-valuetext', text);
  }

  private placeOf(value: number): number {
    return this.range.isLogarithmic === true ? Math.log10(value) : value;
  }

  private valueAt(place: number): number {
    const { min, max, isLogarithmic = false } = this.range;
    return isLogarithmic ? Math.max(min, Math.min(max, Number((10 ** place).toPrecision(digits)))) : place;
  }
}

export class ChoiceField {
  readonly root: HTMLElement;
  private readonly choices: ChoiceRow;

  constructor(label: string, name: ChoiceControl['name'], chosen: (value: string) => void) {
    this.choices = new ChoiceRow(label, name, chosen);
    this.root = element(
      'div',
      { class: 'field' },
      element('span', { class: 'name', text: label, attributes: { 'aria-hidden': 'true' } }),
      this.choices.root,
    );
  }

  show(options: readonly Option[], value: string): void {
    this.choices.show(options, value);
  }
}
