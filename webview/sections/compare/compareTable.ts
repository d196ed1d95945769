/** The table over a comparison: what each run comes to at the step that is shown. */
import { element, setText } from '../../shared/dom';
import { isOfNumbers, lossDigits } from '../../shared/lossWords';
import { isNotFinite, isZeroAtTarget } from '../../shared/reach';
import type { Texts } from '../../shared/texts';
import type { RunNames } from './compareNames';
import type { RunInView } from './compareRuns';

const heads = [
  'panel.compare.run',
  'panel.compare.parameters',
  'panel.compare.step',
  'panel.compare.loss',
  'panel.compare.horizon',
  'panel.compare.rate',
  'panel.compare.speed',
] as const;
const help: Partial<Record<(typeof heads)[number], 'panel.compare.rateHelp' | 'panel.compare.speedHelp'>> = {
  'panel.compare.rate': 'panel.compare.rateHelp',
  'panel.compare.speed': 'panel.compare.speedHelp',
};

export class CompareTable {
  readonly root: HTMLElement;
  private readonly body = element('tbody');
  private readonly lossHead: HTMLElement;

  constructor(private readonly texts: Texts) {
    const cells = heads.map((key) => {
      const title = help[key];
      return element('th', {
        text: texts.get(key),
        attributes: { scope: 'col', ...(title && { title: texts.get(title) }) },
      });
    });
    this.lossHead = cells[heads.indexOf('panel.compare.loss')];
    this.root = element(
      'table',
      { class: 'runs', attributes: { 'aria-label': texts.get('panel.compare.runs') } },
      element('thead', {}, element('tr', {}, ...cells)),
      this.body,
    );
  }

  /** Other runs are compared from now on. */
  open(runs: number): void {
    this.body.replaceChildren(
      ...Array.from({ length: runs }, (_, i) =>
        element(
          'tr',
          {},
          element(
            'th',
            { attributes: { scope: 'row' } },
            element('i', { class: `line-swatch run-${i + 1}` }),
            element('span'),
          ),
          ...heads.slice(1).map(() => element('td', { class: 'number' })),
        ),
      ),
    );
  }

  show(runs: readonly RunInView[], names: RunNames): void {
    const ofNumbers = runs.some(({ run }) => isOfNumbers(run));
    setText(this.lossHead, this.texts.get(ofNumbers ? 'panel.compare.squaredError' : 'panel.compare.loss'));
    runs.forEach((run, i) => {
      const [name, ...cells] = Array.from(this.body.children[i].children) as HTMLElement[];
      setText(name.lastElementChild as HTMLElement, names.inFull(run));
      name.title = run.run.name;
      this.cells(run).forEach((text, j) => setText(cells[j], text));
    });
  }

  private cells(run: RunInView): string[] {
    const { numbers } = this.texts;
    const { loss, summary, metrics } = run;
    const ofNumbers = isOfNumbers(run.run);
    const slope = summary?.level?.slope ?? summary?.slope ?? null;
    return [
      numbers.integer(run.run.model.parameterCount),
      this.step(run),
      loss === undefined ? this.texts.get('panel.compare.noFrame') : lossDigits(this.texts, loss, ofNumbers),
      this.horizon(run),
      slope === null ? '' : numbers.decimals(Math.exp(slope), 3),
      metrics.latest ? numbers.integer(metrics.latest.tokensPerSecond) : '',
    ];
  }

  /** What is shown of it, and where it has come to since then. */
  private step({ frame, status }: RunInView): string {
    const { numbers } = this.texts;
    const now = numbers.integer(status.step);
    const shown = frame && !frame.header.graph ? numbers.integer(frame.header.trainingStep) : now;
    return shown === now ? now : this.texts.get('panel.compare.stepNow', shown, now);
  }

  private horizon({ failure, summary, lane, frame }: RunInView): string {
    const { texts } = this;
    if (failure !== null) return failure;
    if (!summary || !lane || !frame) return texts.get('panel.compare.noFrame');
    const { target } = frame.header;
    if (isNotFinite(lane, target)) return texts.get('panel.readout.notFinite');
    if (isZeroAtTarget(lane, target)) return texts.get('panel.readout.zero');
    const { horizon, level } = summary;
    if (level) return texts.get('panel.column.level', texts.numbers.fromLog10(level.log10));
    return horizon === null ? texts.get('panel.compare.beyond') : texts.tokens(horizon);
  }
}
