/** One of a few: a row of radio buttons that looks like tabs. */
import { element } from './dom';

export interface Option {
  readonly value: string;
  readonly text: string;
}

export class ChoiceRow {
  readonly root: HTMLElement;
  private options: readonly Option[] = [];
  private value = '';

  constructor(
    label: string,
    name: string,
    private readonly chosen: (value: string) => void,
    /** Choosing what is chosen already is a choice too. */
    private readonly repeats = false,
  ) {
    this.root = element('div', {
      class: 'choices',
      attributes: { role: 'radiogroup', 'aria-label': label, 'data-choice': name },
    });
    this.root.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const at = this.options.findIndex((option) => option.value === this.value);
      this.choose(this.options[(at + step + this.options.length) % this.options.length].value);
      this.root.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
    });
  }

  /** Shows these options, `value` chosen. Hidden when there is nothing to choose. */
  show(options: readonly Option[], value: string): void {
    this.root.hidden = options.length < 2;
    if (options.length !== this.options.length || options.some((option, i) => option.value !== this.options[i].value)) {
      this.options = options;
      this.root.replaceChildren(...options.map((option) => this.radio(option)));
    }
    this.value = value;
    for (const radio of this.root.querySelectorAll<HTMLElement>('[role=radio]')) {
      const checked = radio.dataset['value'] === value;
      radio.setAttribute('aria-checked', String(checked));
      radio.tabIndex = checked ? 0 : -1;
    }
  }

  private radio({ value, text }: Option): HTMLElement {
    const radio = element('button', { text, attributes: { type: 'button', role: 'radio', 'data-value': value } });
    radio.addEventListener('click', () => this.choose(value));
    return radio;
  }

  private choose(value: string): void {
    if (value === this.value && !this.repeats) return;
    this.show(this.options, value);
    this.chosen(value);
  }
}
