/** A run's loss in words: nats per token, or of a model of numbers the mean squared error; or that it is not finite. */
import type { RunDescription } from '../protocol/run';
import { fixed } from '../terms/numberFormat';
import { localize } from './localize';
import { squaredError } from './squaredError';

export function lossInWords({ model }: Pick<RunDescription, 'model'>, loss: number): string {
  if (!Number.isFinite(loss)) return localize('loss.natsNotFinite');
  return model.features === undefined
    ? localize('loss.nats', fixed(loss, 3))
    : localize('loss.squaredError', squaredError(loss));
}
