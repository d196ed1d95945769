/** Losses as they are written: nats per token, or of a model of numbers squared errors, which can become much smaller. */
import type { RunDescription } from '../../src/protocol/run';
import type { Texts } from './texts';

/** Whether a run's model reads and predicts numbers. */
export function isOfNumbers(run: RunDescription | null): boolean {
  return run?.model.features !== undefined;
}

/** A loss without its unit. */
export function lossDigits({ numbers }: Texts, loss: number, ofNumbers: boolean): string {
  return ofNumbers ? numbers.short(loss) : numbers.decimals(loss, 2);
}

/** A loss with its unit. */
export function lossInWords(texts: Texts, loss: number, ofNumbers: boolean): string {
  if (!Number.isFinite(loss)) return texts.get('panel.readout.lossNotFinite');
  return texts.get(ofNumbers ? 'panel.readout.squaredError' : 'panel.readout.loss', lossDigits(texts, loss, ofNumbers));
}
