// Bakes the page's color tables into webview/shared/colors/tables.ts:  node scripts/colors.mjs
//
// A table has 256 entries. Hues are those of d3-scale-chromatic (ColorBrewer ramps that color-blind readers can tell
// apart); the lightness is set here, in CIELAB, so that equal steps on the scale look like equal steps: it runs evenly from
// the neutral, which is close to the page's background, to the end of the arm. Light pages darken, dark pages brighten.
import { interpolateBlues, interpolateGreens, interpolateOranges, interpolatePurples } from 'd3-scale-chromatic';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const size = 256;
/** Color fades in over this part of an arm, from the gray of the neutral. */
const fade = 0.5;
/** Lightness of the neutral, and each hue's ramp with its lightness at the end of the arm. */
const pages = {
  light: {
    neutral: 96,
    blue: [interpolateBlues, 24],
    orange: [interpolateOranges, 34],
    green: [interpolateGreens, 26],
    purple: [interpolatePurples, 24],
  },
  dark: {
    neutral: 19,
    blue: [interpolateBlues, 84],
    orange: [interpolateOranges, 86],
    green: [interpolateGreens, 88],
    purple: [interpolatePurples, 86],
  },
};

const parse = (css) => css.match(/[\d.]+/g).map(Number);
const toLinear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const fromLinear = (c) => (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055);
const white = [0.95047, 1, 1.08883];
const f = (t) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
const fInverse = (t) => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));

function toLab(rgb) {
  const [r, g, b] = rgb.map((c) => toLinear(c / 255));
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / white[0]);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / white[2]);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function fromLab([l, a, b]) {
  const y = (l + 16) / 116;
  const [x, z] = [fInverse(y + a / 500) * white[0], fInverse(y - b / 200) * white[2]];
  const yy = fInverse(y);
  const linear = [
    3.2404542 * x - 1.5371385 * yy - 0.4985314 * z,
    -0.969266 * x + 1.8760108 * yy + 0.041556 * z,
    0.0556434 * x - 0.2040259 * yy + 1.0572252 * z,
  ];
  return linear.map((c) => Math.round(255 * fromLinear(Math.min(1, Math.max(0, c)))));
}

/** The ramp's hue and chroma at lightness l; ramps darken as their argument grows. */
function rampAt(ramp, l) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (toLab(parse(ramp(middle)))[0] > l) low = middle;
    else high = middle;
  }
  const [, a, b] = toLab(parse(ramp(low)));
  return [l, a, b];
}

/** Color at distance x (0 … 1) from the neutral along one arm. */
function arm(neutral, [ramp, end], x) {
  const l = neutral + (end - neutral) * x;
  const [, a, b] = rampAt(ramp, l);
  const strength = Math.sin((Math.PI / 2) * Math.min(1, x / fade));
  return fromLab([l, a * strength, b * strength]);
}

/** `zero` is the entry of the neutral; entries under it go along `below`, those over it along `above`. */
function table(page, zero, below, above) {
  return Array.from({ length: size }, (_, i) =>
    i < zero ? arm(page.neutral, below, (zero - i) / zero) : arm(page.neutral, above, (i - zero) / (size - 1 - zero)),
  );
}

const tables = Object.fromEntries(
  Object.entries(pages).map(([name, page]) => [
    name,
    {
      // −8 … +4, so 0 is at two thirds.
      flow: table(page, ((size - 1) * 8) / 12, page.blue, page.orange),
      signed: table(page, (size - 1) / 2, page.purple, page.green),
      share: table(page, 0, page.green, page.green),
    },
  ]),
);

const hex = (rgb) => rgb.map((c) => c.toString(16).padStart(2, '0')).join('');
const lines = (entries) =>
  Array.from(
    { length: size / 16 },
    (_, row) =>
      `    '${entries
        .slice(row * 16, row * 16 + 16)
        .map(hex)
        .join('')}'`,
  ).join(' +\n');
const source = `/** Color tables of 256 entries, RRGGBB after RRGGBB. Made by scripts/colors.mjs; change them there. */
export const tables = {
${Object.entries(tables)
  .map(
    ([page, maps]) =>
      `  ${page}: {\n${Object.entries(maps)
        .map(([name, entries]) => `    ${name}:\n${lines(entries).replaceAll(/^ {4}/gm, '      ')},`)
        .join('\n')}\n  },`,
  )
  .join('\n')}
} as const;
`;
writeFileSync(fileURLToPath(new URL('../webview/shared/colors/tables.ts', import.meta.url)), source);
