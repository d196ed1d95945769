/** Numbers and times as a person reads them. */
import { say } from './language';

/** Nats, with bits beside them. */
export function lossText(nats: number): string {
  return say('{0} nats ({1} bits)', significant(nats), significant(nats / Math.LN2));
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
  if (whole < 60) return say('{0} s', whole);
  if (whole < 3600) return say('{0} min {1} s', Math.floor(whole / 60), whole % 60);
  return say('{0} h {1} min', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** What is counted, one of it and several. */
const nouns = {
  layer: ['{0} layer', '{0} layers'],
  unit: ['{0} unit', '{0} units'],
  parameter: ['{0} parameter', '{0} parameters'],
  token: ['{0} token', '{0} tokens'],
  symbol: ['{0} symbol', '{0} symbols'],
  step: ['{0} step', '{0} steps'],
  input: ['{0} input', '{0} inputs'],
} as const;

/** `1 layer`, `2 layers`. */
export function counted(count: number, noun: keyof typeof nouns): string {
  return say(nouns[noun][count === 1 ? 0 : 1], grouped(count));
}
