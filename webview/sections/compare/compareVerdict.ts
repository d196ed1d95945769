/** The sentences over compared flows: by what paths the kinds differ, and what the numbers at this step show; no more than that. */
import { kindOf, type LayerKind } from '../../../src/layers/catalog';
import { kindsInWords } from '../../../src/layers/stackName';
import { layersOf } from '../../../src/protocol/settings';
import type { Thresholds } from '../../../src/terms/regions';
import type { Texts } from '../../shared/texts';
import { fractionName } from '../../shared/verdict';
import type { RunNames } from './compareNames';
import type { RunInView } from './compareRuns';

export interface Compared {
  readonly runs: readonly RunInView[];
  readonly names: RunNames;
  readonly target: number;
  readonly thresholds: Thresholds;
  /** Whether all that train are shown at one step. */
  readonly areEqual: boolean;
}

/** How a gradient comes back in each of the kinds, and in the mixtures of them; empty where there is one kind alone, or a graph. */
export function pathsInWords({ runs }: Compared, texts: Texts): string {
  if (runs.some(({ run }) => run.graph)) return '';
  if (new Set(runs.map(({ run }) => kindsInWords(layersOf(run.model)))).size < 2) return '';
  const kinds = new Set(runs.flatMap(({ run }) => layersOf(run.model).map(({ cell }) => kindOf(cell))));
  const byPath = new Map<LayerKind['path'], string[]>();
  for (const { path, label } of kinds) byPath.set(path, [...(byPath.get(path) ?? []), label]);
  const mixtures = new Set(
    runs.flatMap(({ run }) => {
      const layers = layersOf(run.model);
      const paths = new Set(layers.map(({ cell }) => kindOf(cell).path));
      return paths.size > 1 ? [kindsInWords(layers)] : [];
    }),
  );
  return [
    ...[...byPath].map(([path, labels]) => texts.get(path, listOf(labels, texts))),
    ...[...mixtures].map((name) => texts.get('panel.path.mixture', name)),
  ].join(' ');
}

/** Where the gradient falls, stays or is level, run by run, and which reaches farthest where that is one. */
export function numbersInWords({ runs, names, target, thresholds, areEqual }: Compared, texts: Texts): string {
  const shown = runs.flatMap((run) =>
    run.summary && run.frame?.header.target === target ? [{ name: names.label(run), run, ...run.summary }] : [],
  );
  if (shown.length === 0 || target === 0) return '';
  const fraction = fractionName(thresholds.vanishing, texts);
  const sentences: string[] = [];
  const trained = runs.filter(({ hasTrained }) => hasTrained);
  if (trained.length > 1) {
    const step = trained[0].frame?.header.trainingStep;
    if (!areEqual) sentences.push(texts.get('panel.compare.unequalSteps'));
    else if (step !== undefined) sentences.push(texts.get('panel.compare.atStep', texts.numbers.integer(step)));
  }
  const falling = shown.flatMap(({ name, horizon, level }) => (horizon === null || level ? [] : [{ name, horizon }]));
  if (falling.length > 0) {
    const parts = falling.map(({ name, horizon }, i) =>
      texts.get(
        'panel.verdict.lagInFirstLayer',
        i === 0 ? texts.tokens(horizon) : texts.numbers.integer(horizon),
        name,
      ),
    );
    sentences.push(texts.get('panel.compare.falls', fraction, listOf(parts, texts)));
  }
  const staying = shown.filter(({ horizon, level }) => horizon === null && !level).map(({ name }) => name);
  if (staying.length > 0)
    sentences.push(texts.get('panel.compare.stays', fraction, listOf(staying, texts), texts.tokens(target)));
  for (const { name, level } of shown) {
    if (!level) continue;
    const { log10, slope } = level;
    sentences.push(
      texts.get('panel.compare.level', name, texts.numbers.fromLog10(log10), texts.numbers.decimals(slope, 3)),
    );
  }
  // Of one that stays or is level it is not known how far it reaches.
  if (falling.length === shown.length && areEqual) {
    const farthest = Math.max(...falling.map(({ horizon }) => horizon));
    const found = falling.filter(({ horizon }) => horizon === farthest);
    if (falling.length > 1 && found.length === 1) sentences.push(texts.get('panel.compare.farthest', found[0].name));
  }
  return sentences.join(' ');
}

function listOf(items: readonly string[], texts: Texts): string {
  return new Intl.ListFormat(texts.language, { type: 'conjunction' }).format(items);
}
