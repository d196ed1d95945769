/** What Compare Kinds compares: stacks of one kind of layer each, and the mixture that the settings have, with equally many parameters. */
import { cellNames, checkCell, comparedCells, defaultCell, type CellName } from '../../layers/catalog';
import { settingsOfCell, settingsOfSize } from '../../protocol/parameterCount';
import { isMixture, layersOf, type ModelSettings } from '../../protocol/settings';
import { UserError } from '../../userError';
import { modelSettings, stackSettings, type SettingReader } from '../chosenSettings';

/** The model of the settings whose layers differ, as a key binding or another extension names it. */
export const mixtureName = 'mixture';
export type ComparedKind = CellName | typeof mixtureName;

/** What the others are to have as many parameters as. */
export interface Measure {
  readonly vocabularySize: number;
  readonly parameterCount: number;
  /** Of a model of numbers, how many it reads at a step. */
  readonly features?: number;
}

/** In the order in which they are offered: first the mixture, where the settings have one. */
export function offeredKinds(read: SettingReader): readonly ComparedKind[] {
  return isMixture(modelSettings(read)) ? [mixtureName, ...cellNames] : cellNames;
}

/** What is chosen until something else is: the mixture and the kinds that it is made of, or else the classic ones. */
export function usualKinds(read: SettingReader): readonly ComparedKind[] {
  const model = modelSettings(read);
  return isMixture(model) ? [mixtureName, ...new Set(layersOf(model).map(({ cell }) => cell))] : comparedCells;
}

/** Those that a key binding or another extension gives, each once; undefined where it gives none. Throws a UserError for a name that no kind has. */
export function kindsIn(target: unknown): ComparedKind[] | undefined {
  const given =
    typeof target === 'object' && target !== null ? (target as Record<string, unknown>)['kinds'] : undefined;
  if (!Array.isArray(given)) return undefined;
  return [...new Set(given.map((name: unknown) => (name === mixtureName ? name : checkCell(String(name)))))];
}

/** The one whose size the settings say, and the others follow: the mixture, else the default kind, else the first. */
export function measuredKind(kinds: readonly ComparedKind[]): ComparedKind {
  return (
    [mixtureName, defaultCell].find((kind): kind is ComparedKind => kinds.some((each) => each === kind)) ?? kinds[0]
  );
}

/**
 * The model of a kind. Stacks have as many layers as the settings say, or as the mixture has, and the width at which their number of parameters is nearest.
 * Throws a UserError where a mixture is asked for and the settings have none.
 * @param measure null of the one that is measured
 */
export function modelOfKind(kind: ComparedKind, read: SettingReader, measure: Measure | null): ModelSettings {
  if (kind === mixtureName) {
    const model = modelSettings(read);
    if (!isMixture(model)) throw new UserError('compare.kinds.noMixture');
    return model;
  }
  const stack = stackSettings(read);
  return measure
    ? settingsOfSize(stack, kind, measure.vocabularySize, measure.parameterCount, measure.features)
    : settingsOfCell(stack, kind);
}
