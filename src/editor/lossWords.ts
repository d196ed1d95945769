/** A loss in words: nats per token, or of a model of numbers the mean squared error, or a number alone where the unit is not known; or that it is not finite. */
import type { LossUnit } from '../protocol/run';
import { fixed } from '../terms/numberFormat';
import { localize } from './localize';
import { squaredError } from './squaredError';

export function lossInWords(unit: LossUnit, loss: number): string {
  if (!Number.isFinite(loss)) return localize('loss.natsNotFinite');
  if (unit === 'nats') return localize('loss.nats', fixed(loss, 3));
  return localize(unit === 'squaredError' ? 'loss.squaredError' : 'loss.plain', squaredError(loss));
}
