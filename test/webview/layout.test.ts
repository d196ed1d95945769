/** Every section at every width, in English and in Korean, whose words are wider: no text is cut, broken or under another, and every control is one line. */
import assert from 'node:assert/strict';
import korean from '../../l10n/bundle.l10n.ko.json';
import { Playground } from '../../src/engine/inspect/playground';
import { cellNames } from '../../src/layers/catalog';
import { pageStringsOf } from '../../src/messages';
import type { PageView } from '../../src/pageContract/messages';
import { defaultPlayground } from '../../src/protocol/playground';
import type { ModelSample } from '../../src/protocol/sample';
import { defaultThresholds } from '../../src/protocol/settings';
import { englishPageStrings, screenshotPath } from './browser';
import { onePage } from './onePage';
import type { ThemeName } from './themes';

/** The panel as narrow as it is beside a text on a small screen, and as wide as it gets; each theme once. */
const windows = [
  [420, 'dark'],
  [500, 'light'],
  [900, 'highContrastLight'],
  [1400, 'highContrast'],
] as const satisfies (readonly [number, ThemeName])[];

const languages = { en: englishPageStrings, ko: pageStringsOf(korean) };

const samples: readonly ModelSample[] = [1, 100, 400, 900, 1240].map((step) => ({
  step,
  loss: 4.1 - step / 600,
  temperature: 0.8,
  text: 'There was, once, in a village by the sea, a clock that ran backwards.\nNobody minded. '.repeat(4),
}));

/** What the page is sent, for each picture. */
const scenes: Readonly<Record<string, { readonly view: PageView; readonly scripts: readonly string[] }>> = {
  empty: { view: 'run', scripts: ['probe.run(0, {}, null)'] },
  run: {
    view: 'run',
    scripts: [
      'probe.run(1240)',
      'probe.overTraining()',
      `probe.samples(${JSON.stringify(samples)})`,
      `probe.frame({ tokens: 256, slopes: [-0.03, -0.024], cellSlopes: [-0.019, -0.011], wobble: 0.12, hiddenSize: 128, quantity: 'forgetGate' })`,
      'probe.matrix([-0.08, -0.05, -0.11, -0.02], probe.tokens(256))',
      'probe.spectrum(0.9, probe.tokens(256))',
    ],
  },
  'depth and heads': {
    view: 'run',
    scripts: [
      'probe.run(1240)',
      `probe.frame({ tokens: 96, cell: 'attention', quantity: 'mlpActivations', slopes: [-0.1, -0.1, -0.1], stateless: true, inputs: [-0.01, -0.05, -0.2, 0], inputDepth: 0.4, withHeads: { heads: 8 } })`,
    ],
  },
  computing: {
    view: 'run',
    scripts: [
      'probe.run(1240, { state: "paused" })',
      `probe.frame({ tokens: 64, slopes: [-0.1, -0.05], target: 40 })`,
      `document.querySelectorAll('[data-action^=compute]').forEach((each) => each.click())`,
      'probe.send({ type: "matrixProgress", done: 0.42 })',
      'probe.send({ type: "spectrumProgress", done: 1 })',
    ],
  },
  failed: {
    view: 'run',
    scripts: [
      'probe.run(400, { state: "failed", message: "At step 401 the loss is not finite (overflow), so training paused before the update; the weights stay as they were. Clip the gradient or lower the learning rate, and train again." })',
      'probe.send({ type: "probeFailed", message: "The model does not know “é”: the text it was trained on has no such symbol." })',
    ],
  },
  exploding: {
    view: 'run',
    scripts: [
      'probe.run(900)',
      'probe.frame({ tokens: 80, slopes: [0.09, 0.02], target: 70, wobble: 0.1, zeroAt: [3, 4], notFiniteAt: [1], hiddenSize: 32, total: -3 })',
    ],
  },
  comparison: {
    view: 'compare',
    scripts: [
      'probe.compared()',
      'probe.comparedFrame(0, -0.12)',
      'probe.comparedFrame(1, -0.02)',
      'probe.comparedFrame(2, -0.04)',
      'probe.truncations()',
    ],
  },
  sweep: {
    view: 'sweep',
    scripts: [
      'probe.sweep()',
      // From the upper left cell to the right and down, each picked.
      `for (const key of ['ArrowRight', ' ', 'ArrowRight', ' ', 'ArrowDown', ' ', 'ArrowRight', 'ArrowDown', ' '])
        document.querySelector('[data-figure=sweep]').dispatchEvent(new KeyboardEvent('keydown', { key }))`,
    ],
  },
  'comparison of two of which one cannot read the text': {
    view: 'compare',
    scripts: [
      'probe.compared()',
      'probe.comparedFrame(0, -0.12)',
      'probe.send({ type: "comparedFailed", run: 1, message: "The model does not know “é”: the text it was trained on has no such symbol." })',
    ],
  },
};

describe('the layout of the page', () => {
  const on = onePage();

  const open = async (
    view: PageView,
    [width, theme]: (typeof windows)[number],
    language: keyof typeof languages,
  ): Promise<void> => {
    await on.open({ view, width, theme, language, strings: languages[language] });
    await on.page.evaluate('probe.watchTexts()');
  };
  const check = async (name: string): Promise<void> => {
    await on.settled();
    const faults = await on.page.evaluate<unknown[]>('probe.layoutFaults()');
    // A picture of a whole page takes as long as all of the rest.
    if (faults.length > 0) await on.page.screenshot({ path: screenshotPath(`layout-${name}`), fullPage: true });
    assert.deepEqual(faults, []);
  };

  for (const language of ['en', 'ko'] as const)
    for (const window of windows) {
      const [width] = window;
      for (const [name, { view, scripts }] of Object.entries(scenes))
        it(`${name}, ${width} pixels wide, ${language}`, async () => {
          await open(view, window, language);
          for (const script of scripts) await on.page.evaluate(script);
          await check(`${name.replaceAll(' ', '-')}-${width}-${language}`);
        });

      // Its controls stand in one column or in several.
      if (width !== 420 && width !== 1400) continue;
      it(`playground, ${width} pixels wide, ${language}, of every kind`, async () => {
        await open('playground', window, language);
        for (const cell of cellNames) {
          await on.settled();
          await on.page.locator(`[data-choice=cell] [data-value="${cell}"]`).click();
          await on.settled();
          const settings = { ...defaultPlayground, ...(await on.posted('playground')).at(-1)?.settings };
          const { frame, ...found } = await new Playground().run(settings, defaultThresholds);
          const base64 = Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength).toString(
            'base64',
          );
          await on.page.evaluate(
            `probe.playgroundGiven(${JSON.stringify(frame.header)}, '${base64}', ${JSON.stringify(found)})`,
          );
          await check(`playground-${cell}-${width}-${language}`);
        }
      });
    }
});
