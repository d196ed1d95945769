/** Numbers and times as a person reads them. */

/** Nats, with bits beside them. */
export function lossText(nats: number): string {
  return `${significant(nats)} nats (${significant(nats / Math.LN2)} bits)`;
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
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `1 layer`, `2 layers`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
