/** What takes a while is computed when it is asked for: the buttons that ask and cancel, how far it has come, and why nothing came of it. */
import { button, type PageButton } from './controls';
import { element, setText } from './dom';
import type { Texts } from './texts';

export interface OnDemandOptions {
  /** In the buttons' actions: `compute…`, `compute…Again` and `cancel…`. */
  readonly name: string;
  /** What is computed, for who cannot see its progress. */
  readonly label: string;
  /** Whether it can be asked for now; if so, it has been. */
  ask(): boolean;
  cancel(): void;
  /** Anything about it has changed: the page draws again. */
  changed(): void;
}

export class OnDemand {
  readonly controls: readonly HTMLElement[];
  readonly failure = element('p', { class: 'failure', attributes: { role: 'status' } });
  private readonly compute: PageButton;
  private readonly again: PageButton;
  private readonly cancel: PageButton;
  private readonly progress: HTMLProgressElement;
  private readonly done = element('span', { class: 'number' });
  private isBusy = false;

  constructor(
    private readonly texts: Texts,
    private readonly options: OnDemandOptions,
  ) {
    const { name, label } = options;
    const pressed = (): void => this.start();
    this.compute = button({ action: `compute${name}`, text: texts.get('panel.onDemand.compute'), pressed });
    this.again = button({ action: `compute${name}Again`, text: texts.get('panel.onDemand.again'), pressed });
    this.cancel = button({
      action: `cancel${name}`,
      text: texts.get('panel.onDemand.cancel'),
      pressed: () => options.cancel(),
    });
    this.progress = element('progress', { attributes: { max: '1', 'aria-label': label } });
    this.controls = [this.progress, this.done, this.cancel.root, this.compute.root, this.again.root];
  }

  get isComputing(): boolean {
    return this.isBusy;
  }

  /** Another run is shown. */
  reset(): void {
    this.ended(null);
  }

  /** @param done part of the whole */
  advance(done: number): void {
    this.progress.value = done;
    setText(this.done, this.texts.get('panel.onDemand.progress', this.texts.numbers.integer(Math.floor(100 * done))));
  }

  /** @param message why nothing came of it; null where something did, or it was canceled */
  ended(message: string | null): void {
    this.isBusy = false;
    setText(this.failure, message ?? '');
  }

  draw(hasResult: boolean): void {
    const { isBusy } = this;
    this.progress.hidden = this.done.hidden = !isBusy;
    this.cancel.show(isBusy, true);
    this.compute.show(!isBusy && !hasResult, true);
    this.again.show(!isBusy && hasResult, true);
  }

  private start(): void {
    if (!this.options.ask()) return;
    this.isBusy = true;
    this.advance(0);
    setText(this.failure, '');
    this.options.changed();
  }
}
