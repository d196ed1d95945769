/** What is picked in a sweep's picture to be compared: for each picked cell its trials, to choose among, and the button, with a sentence that says why it cannot be pressed. */
import type { PageKey } from '../../../src/messages';
import { comparedTrials, type ShownSweep } from '../../../src/pageContract/sweep';
import { button, type PageButton } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { Texts } from '../../shared/texts';
import type { Cell, ChosenAxes, Measure } from './sweepCells';
import { refusalOf, type Picked, type Refusal } from './sweepPicks';
import type { SweepWords } from './sweepWords';

/** Of a cell: more can be told apart by other axes. */
const maxListed = 24;

const refusalKeys = {
  waiting: 'panel.sweep.compare.waiting',
  begun: 'panel.sweep.compare.begun',
  failed: 'panel.sweep.compare.failed',
  nothing: 'panel.sweep.compare.nothing',
} as const satisfies Record<Extract<Refusal, { trial: number }>['why'], PageKey>;

export interface TrayActions {
  /** A trial was picked, or let go. */
  toggle(trial: number): void;
  compare(): void;
  /** What had the keyboard is gone. */
  left(): void;
}

interface Shown {
  readonly sweep: ShownSweep;
  readonly axes: ChosenAxes;
  readonly measure: Measure;
  readonly cells: readonly Cell[];
  readonly picked: Picked;
}

/** A cell of which some trial is picked. */
interface Group {
  readonly name: string;
  readonly trials: readonly { readonly trial: number; readonly text: string }[];
  /** How many are not listed. */
  readonly more: number;
}

export class SweepTray {
  readonly root: HTMLElement;
  private readonly groups = element('div', { class: 'picks' });
  private readonly said = element('p', { class: 'dim said-picked', attributes: { role: 'status' } });
  private readonly button: PageButton;
  private listed = '';

  constructor(
    private readonly texts: Texts,
    private readonly words: SweepWords,
    private readonly actions: TrayActions,
  ) {
    this.button = button({
      action: 'compare-trials',
      text: texts.get('panel.sweep.compare.button'),
      primary: true,
      pressed: () => actions.compare(),
    });
    this.root = element(
      'div',
      { class: 'tray', attributes: { role: 'group', 'aria-label': texts.get('panel.sweep.compare.group') } },
      this.groups,
      element('div', { class: 'controls' }, this.button.root, this.said),
    );
  }

  show(shown: Shown): void {
    const { sweep, picked } = shown;
    this.root.hidden = sweep.trials.length < comparedTrials.least;
    const refusal = refusalOf(sweep, picked);
    this.button.show(true, refusal === null);
    setText(this.said, this.sentence(sweep, picked, refusal));
    this.list(this.groupsOf(shown), new Set(picked));
  }

  private sentence(sweep: ShownSweep, picked: Picked, refusal: Refusal | null): string {
    const { texts, words } = this;
    const names = picked.map((trial) => words.name(sweep, sweep.trials[trial])).join(' · ');
    const count = texts.numbers.integer(picked.length);
    if (!refusal) return texts.get('panel.sweep.compare.picked', count, names);
    switch (refusal.why) {
      case 'none':
        return texts.get('panel.sweep.compare.how');
      case 'one':
        return texts.get('panel.sweep.compare.one', names);
      case 'tooMany':
        return texts.get('panel.sweep.compare.tooMany', count, texts.numbers.integer(comparedTrials.most));
      default:
        return texts.get(refusalKeys[refusal.why], words.name(sweep, sweep.trials[refusal.trial]));
    }
  }

  /** In the order in which cells were picked. */
  private groupsOf({ sweep, axes, measure, cells, picked }: Shown): Group[] {
    if (picked.length === 0) return [];
    const of = new Map(cells.flatMap((cell) => cell.trials.map((trial) => [trial, cell] as const)));
    const own = new Set(picked.flatMap((trial) => of.get(trial) ?? []));
    const which = [axes.x, axes.y];
    const others = sweep.axes.flatMap(({ values }, i) => (values.length > 1 && !which.includes(i) ? [i] : []));
    return [...own].map(({ trials }): Group => {
      const isAlone = trials.length === 1;
      const listed = trials.filter((trial, i) => i < maxListed || picked.includes(trial));
      return {
        name: isAlone ? '' : this.words.settings(sweep, sweep.trials[trials[0]], which),
        trials: listed.map((trial) => {
          const shown = sweep.trials[trial];
          const name = this.words.settings(sweep, shown, isAlone ? which : others);
          return { trial, text: this.texts.get('panel.sweep.at', name, this.words.outcome(sweep, shown, measure)) };
        }),
        more: trials.length - listed.length,
      };
    });
  }

  private list(groups: readonly Group[], picked: ReadonlySet<number>): void {
    const listed = JSON.stringify(groups);
    if (listed !== this.listed) {
      this.listed = listed;
      const focused = document.activeElement;
      const had =
        focused instanceof HTMLElement && this.groups.contains(focused) ? focused.dataset['trial'] : undefined;
      this.groups.replaceChildren(...groups.map((group) => this.group(group)));
      if (had !== undefined) {
        const again = this.groups.querySelector<HTMLElement>(`[data-trial="${had}"]`);
        if (again) again.focus();
        else this.actions.left();
      }
    }
    for (const box of this.groups.querySelectorAll<HTMLInputElement>('[data-trial]'))
      box.checked = picked.has(Number(box.dataset['trial']));
  }

  private group({ name, trials, more }: Group): HTMLElement {
    const boxes = trials.map(({ trial, text }) => {
      const box = element('input', { attributes: { type: 'checkbox', 'data-trial': String(trial) } });
      box.addEventListener('change', () => this.actions.toggle(trial));
      return element('label', {}, box, element('span', { class: 'number', text }));
    });
    const head = name === '' ? [] : [element('span', { class: 'dim', text: name })];
    const rest =
      more > 0
        ? [
            element('span', {
              class: 'dim number',
              text: this.texts.get('panel.sweep.more', this.texts.numbers.integer(more)),
            }),
          ]
        : [];
    const attributes: Record<string, string> = name === '' ? {} : { role: 'group', 'aria-label': name };
    return element('div', { class: 'pick', attributes }, ...head, ...boxes, ...rest);
  }
}
