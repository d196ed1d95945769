/** The sentences over compared flows: by what paths the kinds differ, and what the numbers at this step show; no more than that. */
import { kindOf, type LayerKind } from '../../../src/layers/catalog';
import { kindsInWords } from '../../../src/layers/stackName';
import { layersOf } from '../../../src/protocol/settings';
import type { Thresholds } from '../../../src/terms/regions';
import { farthestLag, isNotFinite, isZeroAtTarget } from '../../shared/reach';
import type { Texts } from '../../shared/texts';
import { fractionName, shareName } from '../../shared/verdict';
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
  const all = runs.flatMap((run) =>
    run.lane && run.frame?.header.target === target
      ? [{ name: names.label(run), row: run.lane, ...run.lane.summary }]
      : [],
  );
  if (all.length === 0 || target === 0) return '';
  const notFinite = all.filter(({ row }) => isNotFinite(row, target));
  const zero = all.filter(({ row }) => isZeroAtTarget(row, target));
  const shown = all.filter((each) => !notFinite.includes(each) && !zero.includes(each));
  const fraction = fractionName(thresholds.vanishing, texts);
  const sentences: string[] = [];
  const trained = runs.filter(({ hasTrained }) => hasTrained);
  if (trained.length > 1) {
    const step = trained[0].frame?.header.trainingStep;
    if (!areEqual) sentences.push(texts.get('panel.compare.unequalSteps'));
    else if (step !== undefined) sentences.push(texts.get('panel.compare.atStep', texts.numbers.integer(step)));
  }
  const falling = shown.flatMap(({ name, row, horizon, level }) =>
    horizon === null || level ? [] : [{ name, row, horizon }],
  );
  if (falling.length > 0) {
    const parts = falling.map(({ name, horizon }, i) =>
      texts.get(
        i === 0 ? 'panel.verdict.lagInFirstLayer' : 'panel.verdict.lagInNextLayer',
        i === 0 ? texts.tokens(horizon) : texts.numbers.integer(horizon),
        name,
      ),
    );
    sentences.push(texts.get('panel.compare.falls', shareName(thresholds.vanishing, texts), listOf(parts, texts)));
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
  for (const [key, found] of [
    ['panel.compare.zero', zero],
    ['panel.compare.notFinite', notFinite],
  ] as const) {
    if (found.length > 0)
      sentences.push(
        texts.get(
          key,
          listOf(
            found.map(({ name }) => name),
            texts,
          ),
        ),
      );
  }
  // Of one that stays or is level it is not known how far it reaches.
  if (falling.length === all.length && areEqual && falling.length > 1) {
    const farthest = farthestOf(falling, (each) => each.horizon);
    // One that falls last is not yet the one that reaches farthest: another's can rise again behind it.
    const last = farthestOf(falling, ({ row }) => farthestLag(row, target, thresholds.vanishing));
    if (farthest && farthest === last) sentences.push(texts.get('panel.compare.farthest', farthest.name));
  }
  return sentences.join(' ');
}

/** The one with the largest number; null where two have it. */
function farthestOf<T>(items: readonly T[], numberOf: (item: T) => number): T | null {
  const largest = Math.max(...items.map(numberOf));
  const found = items.filter((item) => numberOf(item) === largest);
  return found.length === 1 ? found[0] : null;
}

function listOf(items: readonly string[], texts: Texts): string {
  return new Intl.ListFormat(texts.language, { type: 'conjunction' }).format(items);
}
