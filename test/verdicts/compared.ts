/** What is said of models beside each other. */
import type { Frame } from '../../src/protocol/frame';
import type { RunDescription } from '../../src/protocol/run';
import { defaultThresholds } from '../../src/protocol/settings';
import { inputRows } from '../../webview/shared/flowRows';
import { RunNames } from '../../webview/sections/compare/compareNames';
import { RunInView } from '../../webview/sections/compare/compareRuns';
import { numbersInWords, pathsInWords } from '../../webview/sections/compare/compareVerdict';
import { byLag, saying, type Said } from './said';

export interface ComparedModel {
  readonly run: RunDescription;
  /** Of one text and target. */
  readonly frame: Frame;
}

export function saidOfComparison(models: readonly ComparedModel[]): Said[] {
  const runs = models.map(({ run, frame }) => {
    const { trainingStep: step } = frame.header;
    const status = { state: 'finished', step, message: null } as const;
    const view = new RunInView({ run, status, change: null, history: { rows: new Float64Array(0), validation: [] } });
    view.hasTrained = true;
    view.accept(frame);
    return view;
  });
  const { target } = models[0].frame.header;
  return saying(
    (texts) => {
      const names = new RunNames(runs, texts);
      const compared = { runs, names, target, thresholds: defaultThresholds, areEqual: true };
      return `${pathsInWords(compared, texts)} ${numbersInWords(compared, texts)}`;
    },
    (key) => (key === 'panel.compare.farthest' ? doubtOfFarthest(models, target) : undefined),
  );
}

/** Of the one that is said to reach farthest: whether the gradient of another is above a thousandth farther back. */
function doubtOfFarthest(models: readonly ComparedModel[], target: number): string | null {
  const found = models.map(({ frame }) => {
    const [lowest] = inputRows(frame).filter(({ isMain }) => isMain);
    const values = byLag(lowest, target);
    return {
      horizon: lowest.summary.horizon ?? 0,
      last: values.findLastIndex((r) => r > defaultThresholds.vanishing) + 1,
    };
  });
  const said = found.toSorted((a, b) => b.horizon - a.horizon)[0];
  return found.some((each) => each !== said && each.last >= said.last)
    ? 'another’s is above a thousandth as far back or farther'
    : null;
}
