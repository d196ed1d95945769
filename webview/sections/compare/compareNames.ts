/** What compared runs are called: by their kinds where these differ, else by letters and what they differ in. */
import { kindsInWords, stackName } from '../../../src/layers/stackName';
import { layersOf } from '../../../src/protocol/settings';
import type { Texts } from '../../shared/texts';
import type { RunInView } from './compareRuns';

const letters = 'ABCDEF';

export class RunNames {
  constructor(
    private readonly runs: readonly RunInView[],
    private readonly texts: Texts,
  ) {}

  /** As short as the left margin: the kinds, or a letter where kinds are alike. */
  label(run: RunInView): string {
    return this.areDistinct ? kindsInWords(layersOf(run.run.model)) : letters[this.runs.indexOf(run)];
  }

  /** Kind and size, and of settings those in which the runs differ. */
  inFull(run: RunInView): string {
    const { texts } = this;
    const letter = this.areDistinct ? [] : [this.label(run)];
    const state = run.status.state === 'paused' ? [texts.get('run.state.paused')] : [];
    return [...letter, this.model(run), ...this.differences(run), ...state].join(' · ');
  }

  private get areDistinct(): boolean {
    return (
      this.runs.every(({ run }) => !run.graph) &&
      new Set(this.runs.map(({ run }) => kindsInWords(layersOf(run.model)))).size === this.runs.length
    );
  }

  private model({ run: { model, graph } }: RunInView): string {
    const { texts } = this;
    if (graph) return texts.get('panel.header.graph');
    return stackName(layersOf(model), { number: (value) => texts.numbers.integer(value) });
  }

  private differences({ run, change }: RunInView): string[] {
    const { texts } = this;
    const { numbers } = texts;
    // Two that continue one run are told apart by what was done, though no setting tells it.
    if (change !== null) return [change];
    const differs = (value: (run: RunInView) => unknown): boolean => new Set(this.runs.map(value)).size > 1;
    const { truncation, clipNorm, clipValue, omega, flossing, radiusCap, window } = run.training;
    const said: string[] = [];
    if (differs((each) => each.run.training.truncation))
      said.push(
        truncation === null
          ? texts.get('panel.compare.whole')
          : texts.get('panel.compare.truncated', numbers.integer(truncation)),
      );
    if (differs((each) => `${String(each.run.training.clipNorm)} ${String(each.run.training.clipValue)}`)) {
      const limit = clipNorm ?? clipValue;
      said.push(
        limit === null
          ? texts.get('panel.compare.unclipped')
          : texts.get('panel.compare.clipped', numbers.plain(limit)),
      );
    }
    const added = [
      ['omega', omega, 'panel.compare.omega'],
      ['flossing', flossing, 'panel.compare.flossed'],
      ['radiusCap', radiusCap, 'panel.compare.capped'],
    ] as const;
    for (const [setting, value, key] of added)
      if (differs((each) => each.run.training[setting]))
        said.push(value === null ? texts.get('panel.compare.asItIs') : texts.get(key, numbers.plain(value)));
    if (differs((each) => each.run.training.window))
      said.push(texts.get('panel.compare.window', numbers.integer(window)));
    if (said.length === 0 && !differs((each) => this.model(each))) said.push(run.name);
    return said;
  }
}
