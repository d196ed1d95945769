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
import { changeTheme, englishPageStrings } from './browser';
import { onePage } from './onePage';
import { screenshot } from './screenshots';
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
  reading: { view: 'run', scripts: ['probe.run(0, { state: "starting" })'] },
  'a few tokens of Korean': {
    view: 'run',
    scripts: [
      'probe.run(900, { state: "paused" })',
      'probe.frame({ tokens: Array.from("옛날 어느 바닷가 마을에 거꾸로 가는 시계가 있었다.\\n아무도 신경 쓰지 않았다. "), slopes: [-0.05, -0.04, -0.03], wobble: 0.1, hiddenSize: 42, quantity: "cellState" })',
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

/** Of the playground, stacks beside each kind alone: what depth adds, in full and where it vanishes. */
const stacks = [
  ['mamba', 6, 'off'],
  ['attention', 4, 'off'],
  ['rnn', 24, 'on'],
  ['rnn', 12, 'off'],
] as const;

describe('the layout of the page', () => {
  const on = onePage();

  const open = async (view: PageView, language: keyof typeof languages): Promise<void> => {
    await on.open({ view, language, strings: languages[language] });
    await on.page.evaluate('probe.watchTexts()');
  };
  /** In one page, since to open another takes longer than all that is looked at. */
  const check = async (name: string, sizes: readonly (typeof windows)[number][] = windows): Promise<void> => {
    for (const [width, theme] of sizes) {
      await on.page.setViewportSize({ width, height: 900 });
      await changeTheme(on.page, theme);
      const faults = await on.page.evaluate<unknown[]>('probe.layoutFaults()');
      if (faults.length > 0) await screenshot(on.page, `layout-${name.replaceAll(' ', '-')}-${width}`);
      assert.deepEqual(faults, [], `${width} pixels wide`);
    }
  };
  const answer = async (): Promise<void> => {
    await on.settled();
    const settings = { ...defaultPlayground, ...(await on.posted('playground')).at(-1)?.settings };
    const { frame, ...found } = await new Playground().run(settings, defaultThresholds);
    const base64 = Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength).toString('base64');
    await on.page.evaluate(
      `probe.playgroundGiven(${JSON.stringify(frame.header)}, '${base64}', ${JSON.stringify(found)})`,
    );
  };
  const choose = (choice: string, value: string): Promise<void> =>
    on.page.locator(`[data-choice=${choice}] [data-value="${value}"]`).click();

  for (const language of ['en', 'ko'] as const) {
    for (const [name, { view, scripts }] of Object.entries(scenes))
      it(`${name}, ${language}, at every width`, async () => {
        await open(view, language);
        for (const script of scripts) await on.page.evaluate(script);
        await check(`${name}-${language}`);
      });

    it(`playground of every kind, ${language}, with its controls in one column and in several`, async () => {
      await open('playground', language);
      for (const cell of cellNames) {
        await choose('cell', cell);
        await answer();
        await check(`playground-${cell}-${language}`, [windows[0], windows[3]]);
      }
    });

    it(`playground of stacks, ${language}, at every width`, async () => {
      await open('playground', language);
      for (const [cell, layers, residual] of stacks) {
        await choose('cell', cell);
        await on.page.locator('#play-layers').fill(String(layers));
        await choose('residual', residual);
        await answer();
        await check(`playground-${cell}-${layers}-${language}`);
      }
    });
  }
});
