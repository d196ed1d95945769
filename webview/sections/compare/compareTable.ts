/** The table over a comparison: what each run comes to at the step that is shown. */
import { lossUnitOf } from '../../../src/protocol/run';
import { element, setText } from '../../shared/dom';
import { commonUnit, lossDigits } from '../../shared/lossWords';
import { isNotFinite, isZeroAtTarget } from '../../shared/reach';
import type { Texts } from '../../shared/texts';
import type { RunNames } from './compareNames';
import { exponentsAtEqualSteps, type RunInView } from './compareRuns';

const heads = [
  'panel.compare.run',
  'panel.compare.parameters',
  'panel.compare.step',
  'panel.compare.loss',
  'panel.column.horizon',
  'panel.compare.rate',
  'panel.compare.exponent',
  'panel.compare.speed',
] as const;
/** Left out where the page is too narrow for all of them: they say least of how far the gradient reaches. */
const secondary: readonly (typeof heads)[number][] = ['panel.compare.parameters', 'panel.compare.speed'];
const help: Partial<
  Record<(typeof heads)[number], 'panel.compare.rateHelp' | 'panel.compare.exponentHelp' | 'panel.compare.speedHelp'>
> = {
  'panel.compare.exponent': 'panel.compare.exponentHelp',
  'panel.compare.rate': 'panel.compare.rateHelp',
  'panel.compare.speed': 'panel.compare.speedHelp',
};

/** By what all losses are in. */
const lossHeads = {
  nats: 'panel.compare.loss',
  squaredError: 'panel.compare.squaredError',
  none: 'panel.compare.lossPlain',
} as const;

export class CompareTable {
  readonly root: HTMLElement;
  private readonly body = element('tbody');
  private readonly columnHeads: readonly HTMLElement[];

  constructor(private readonly texts: Texts) {
    this.columnHeads = heads.map((key) => {
      const title = help[key];
      return element('th', {
        class: secondary.includes(key) ? 'secondary' : '',
        text: texts.get(key),
        attributes: { scope: 'col', ...(title && { title: texts.get(title) }) },
      });
    });
    this.root = element(
      'table',
      { class: 'runs', attributes: { 'aria-label': texts.get('panel.compare.runs') } },
      element('thead', {}, element('tr', {}, ...this.columnHeads)),
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
          ...heads
            .slice(1)
            .map((key) => element('td', { class: secondary.includes(key) ? 'number secondary' : 'number' })),
        ),
      ),
    );
  }

  show(runs: readonly RunInView[], names: RunNames): void {
    const unit = commonUnit(runs.map(({ run }) => lossUnitOf(run)));
    const lossHead = this.columnHeads[heads.indexOf('panel.compare.loss')];
    setText(lossHead, this.texts.get(lossHeads[unit ?? 'none']));
    const spectra = exponentsAtEqualSteps(runs);
    const isLeftOut = (column: number): boolean => spectra === null && heads[column] === 'panel.compare.exponent';
    this.columnHeads.forEach((head, column) => (head.hidden = isLeftOut(column)));
    runs.forEach((run, i) => {
      const [name, ...cells] = Array.from(this.body.children[i].children) as HTMLTableCellElement[];
      // “LSTM 1 × 128” stays on one line, whatever else stands beside it.
      setText(name.lastElementChild as HTMLElement, names.inFull(run).replaceAll(/ (?=[\d×])/g, '\u00a0'));
      name.title = run.run.name;
      this.cells(run, this.exponent(run, spectra?.exponents[i], spectra?.step)).forEach((text, j) =>
        setText(cells[j], text),
      );
      // Why it cannot be compared is a sentence, and takes their place too.
      const hasFailed = run.failure !== null;
      const horizonAt = heads.indexOf('panel.column.horizon');
      cells.forEach((cell, j) => (cell.hidden = isLeftOut(j + 1) || (hasFailed && j + 1 > horizonAt)));
      const horizon = cells[horizonAt - 1];
      horizon.classList.toggle('failure', hasFailed);
      horizon.colSpan = hasFailed ? heads.filter((_, column) => column >= horizonAt && !isLeftOut(column)).length : 1;
    });
  }

  private cells(run: RunInView, exponent: string): string[] {
    const { numbers } = this.texts;
    const { loss, summary, metrics } = run;
    const slope = summary?.level?.slope ?? summary?.slope ?? null;
    return [
      numbers.integer(run.run.model.parameterCount),
      this.step(run),
      loss === undefined ? this.texts.get('panel.compare.noFrame') : lossDigits(this.texts, loss, lossUnitOf(run.run)),
      this.horizon(run),
      slope === null ? '' : numbers.decimals(Math.exp(slope), 3),
      exponent,
      metrics.latest ? numbers.integer(metrics.latest.tokensPerSecond) : '',
    ];
  }

  /** With its step, where that is not the one that is shown: it is taken at fewer steps. */
  private exponent(run: RunInView, exponent: number | undefined, step: number | undefined): string {
    const { texts } = this;
    if (exponent === undefined || step === undefined) return '';
    const value = Number.isFinite(exponent) ? texts.numbers.decimals(exponent, 3) : texts.numbers.short(exponent);
    if (step === run.frame?.header.trainingStep) return value;
    return texts.get('panel.compare.exponentAt', value, texts.numbers.integer(step));
  }

  /** Of what is shown. Where the run has come to since then, the losses' axis says. */
  private step({ frame, status }: RunInView): string {
    return this.texts.numbers.integer(frame && !frame.header.graph ? frame.header.trainingStep : status.step);
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
    // Over all the tokens before the target it does not fall so far.
    return horizon === null
      ? texts.get('panel.compare.beyond', texts.numbers.integer(target))
      : texts.numbers.integer(horizon);
  }
}
