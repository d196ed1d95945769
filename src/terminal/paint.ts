/**
 * Colors of the terminal: one diverging scale for gradients, blue where they vanish and orange where they explode, neutral at
 * the size they have at the target.
 */
import type { Thresholds } from '../terms/regions';

type Rgb = readonly [number, number, number];

/** From neutral to the threshold, and from there to twice the threshold. */
const vanishing: readonly Rgb[] = [
  [222, 222, 218],
  [103, 158, 209],
  [16, 58, 122],
];
const exploding: readonly Rgb[] = [
  [222, 222, 218],
  [245, 150, 60],
  [158, 40, 0],
];
const zero: Rgb = [70, 70, 70];

const reset = '\x1b[0m';
export const bold = (text: string): string => `\x1b[1m${text}${reset}`;
export const dim = (text: string): string => `\x1b[2m${text}${reset}`;
export const inverse = (text: string): string => `\x1b[7m${text}${reset}`;

/** Whether this many bits of color suffice for the scale; with fewer, characters stand for it. */
export function canPaint(depth: number): boolean {
  return depth >= 8;
}

/**
 * `text` on the color of a gradient: `ratio` is log₁₀ of its size relative to that at the target; −Infinity is exactly zero.
 * `depth` is 8 or 24 bits.
 */
export function paintRatio(text: string, ratio: number, thresholds: Thresholds, depth: number): string {
  const color = ratioColor(ratio, thresholds);
  const luminance = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2];
  const ink: Rgb = luminance > 120 ? [0, 0, 0] : [255, 255, 255];
  return `\x1b[${colorCode(38, ink, depth)};${colorCode(48, color, depth)}m${text}${reset}`;
}

const levels = '▁▂▃▄▅▆▇█';

/**
 * The same scale as one character, for terminals without color: from ▁ at twice the vanishing threshold to ▅ at the target's
 * own size and █ at twice the exploding one; 0 is exactly zero.
 */
export function ratioCharacter(ratio: number, { vanishing: low, exploding: high }: Thresholds): string {
  if (ratio === -Infinity) return '0';
  const level = ratio <= 0 ? 4 - (4 * ratio) / (2 * low) : 4 + (3 * ratio) / (2 * high);
  return levels[Math.max(0, Math.min(7, Math.round(level)))];
}

function ratioColor(ratio: number, { vanishing: low, exploding: high }: Thresholds): Rgb {
  if (ratio === -Infinity) return zero;
  const [stops, position] = ratio <= 0 ? [vanishing, ratio / low] : [exploding, ratio / high];
  const at = Math.max(0, Math.min(2, position));
  const from = Math.min(1, Math.floor(at));
  const [a, b] = [stops[from], stops[from + 1]];
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * (at - from));
  return [mix(0), mix(1), mix(2)];
}

/** An SGR parameter; 256 colors are the terminal's cube of 6 × 6 × 6. */
function colorCode(ground: 38 | 48, [red, green, blue]: Rgb, depth: number): string {
  if (depth >= 24) return `${ground};2;${red};${green};${blue}`;
  const cube = (value: number) => (value < 48 ? 0 : value < 115 ? 1 : Math.min(5, Math.floor((value - 35) / 40)));
  return `${ground};5;${16 + 36 * cube(red) + 6 * cube(green) + cube(blue)}`;
}
