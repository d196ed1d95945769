/** Numbers and times as a person reads them. */
import { localize } from './language';

/** Nats, with bits beside them; of a model of numbers the mean squared error. */
export function lossText(loss: number, isOfNumbers = false): string {
  if (!Number.isFinite(loss)) return localize('loss.notFinite');
  if (isOfNumbers) return localize('loss.meanSquaredError', significant(loss));
  return localize('loss.natsAndBits', significant(loss), significant(loss / Math.LN2));
}

/** Four digits, without an exponent where that reads well. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return size >= 1000 ? value.toFixed(0) : value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** With thousands apart: 48,120. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return localize('duration.seconds', whole);
  if (whole < 3600) return localize('duration.minutes', Math.floor(whole / 60), whole % 60);
  return localize('duration.hours', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** What is counted, one of it and several. */
const nouns = {
  layer: ['count.layer.one', 'count.layer.many'],
  unit: ['count.unit.one', 'count.unit.many'],
  parameter: ['count.parameter.one', 'count.parameter.many'],
  token: ['count.token.one', 'count.token.many'],
  symbol: ['count.symbol.one', 'count.symbol.many'],
  step: ['count.step.one', 'count.step.many'],
  input: ['count.input.one', 'count.input.many'],
} as const;

/** `1 layer`, `2 layers`. */
export function counted(count: number, noun: keyof typeof nouns): string {
  return localize(nouns[noun][count === 1 ? 0 : 1], grouped(count));
}
