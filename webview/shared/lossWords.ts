/** Losses as they are written: nats per token, or of a model of numbers squared errors, or what a training elsewhere gave, both of which can be of any size. */
import type { LossUnit, RunDescription } from '../../src/protocol/run';
import type { PageKey } from '../../src/messages';
import type { Texts } from './texts';

/** Whether a run's model reads and predicts numbers. */
export function isOfNumbers(run: RunDescription | null): boolean {
  return run?.model.features !== undefined;
}

/** A loss without its unit. */
export function lossDigits({ numbers }: Texts, loss: number, unit: LossUnit): string {
  return unit === 'nats' ? numbers.decimals(loss, 2) : numbers.short(loss);
}

const inWords = {
  nats: 'panel.readout.loss',
  squaredError: 'panel.readout.squaredError',
  none: 'panel.readout.lossPlain',
} as const satisfies Record<string, PageKey>;

/** A loss with its unit. */
export function lossInWords(texts: Texts, loss: number, unit: LossUnit): string {
  if (!Number.isFinite(loss)) return texts.get('panel.readout.lossNotFinite');
  return texts.get(inWords[unit ?? 'none'], lossDigits(texts, loss, unit));
}

/** What a unit is called beside a chart. */
export const unitKeys = {
  nats: 'panel.loss.subtitle',
  squaredError: 'panel.loss.subtitleNumbers',
  none: 'panel.loss.subtitleAsGiven',
} as const satisfies Record<string, PageKey>;

/** That of all of them; null where they have none in common. */
export function commonUnit(units: readonly LossUnit[]): LossUnit {
  const [first = null] = units;
  return units.every((unit) => unit === first) ? first : null;
}
