/** Tinted text stays text: the contrast of the default themes' letters on every tint. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface ColorContribution {
  readonly id: string;
  readonly defaults: Readonly<Record<Theme, string>>;
}
type Theme = 'dark' | 'light' | 'highContrast' | 'highContrastLight';

/** Letters and background of Dark Modern, Light Modern and the two high contrast themes, and the least contrast (WCAG AA, and AAA). */
const themes: Readonly<Record<Theme, { text: string; background: string; min: number }>> = {
  dark: { text: '#cccccc', background: '#1f1f1f', min: 4.5 },
  light: { text: '#3b3b3b', background: '#ffffff', min: 4.5 },
  highContrast: { text: '#ffffff', background: '#000000', min: 7 },
  highContrastLight: { text: '#292929', background: '#ffffff', min: 7 },
};

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  contributes: { colors: ColorContribution[] };
};

const channels = (color: string) =>
  [1, 3, 5, 7].map((at) => (color.length > at ? parseInt(color.slice(at, at + 2), 16) : 255));

function blended(over: string, under: string): number[] {
  const [top, bottom] = [channels(over), channels(under)];
  return [0, 1, 2].map((i) => bottom[i] + (top[i] - bottom[i]) * (top[3] / 255));
}

/** Relative luminance, WCAG 2.2. */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe('the contributed colors', () => {
  for (const [theme, { text, background, min }] of Object.entries(themes) as [Theme, (typeof themes)[Theme]][]) {
    it(`leave text legible on every tint, and notes legible, in ${theme}`, () => {
      for (const { id, defaults } of contributes.colors) {
        const color = defaults[theme];
        if (/\.level\d$/.test(id)) {
          const found = contrast(channels(text).slice(0, 3), blended(color, background));
          assert.ok(found >= min, `${id}: ${found.toFixed(2)}`);
          assert.ok(
            contrast(blended(color, background), channels(background).slice(0, 3)) > 1.03,
            `${id} is not to be seen`,
          );
        }
        if (id.endsWith('.note'))
          assert.ok(contrast(blended(color, background), channels(background).slice(0, 3)) >= 4.5, id);
      }
    });
  }
});
