/** The playground. */
import assert from 'node:assert/strict';
import { Playground } from '../../src/engine/inspect/playground';
import { cellNames, kindOf } from '../../src/layers/catalog';
import { defaultPlayground, type PlaygroundSettings } from '../../src/protocol/playground';
import { defaultThresholds } from '../../src/protocol/settings';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { englishPageStrings } from './browser';
import { onePage } from './onePage';
import { arePicturesAsked, takePicture } from './screenshots';

describe('what the page shows of the playground', () => {
  const on = onePage();
  const { open, posted, text, settled } = on;

  /** The engine's answers, until nothing is asked any longer. Returns what was asked last. */
  async function answer(): Promise<PlaygroundSettings> {
    await settled();
    const asked = await posted('playground');
    const { settings } = asked.at(-1)!;
    const { frame, ...found } = await new Playground().run(settings, defaultThresholds);
    const base64 = Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength).toString('base64');
    await on.page.evaluate(
      `probe.playgroundGiven(${JSON.stringify(frame.header)}, '${base64}', ${JSON.stringify(found)})`,
    );
    return (await posted('playground')).length > asked.length ? answer() : settings;
  }
  const choose = (choice: string, value: string) =>
    on.page.locator(`[data-choice=${choice}] [data-value="${value}"]`).click();
  const isVisible = (selector: string) => on.page.locator(selector).isVisible();

  it('asks at once, and while it waits only for the last place of a slider', async () => {
    await open({ view: 'playground' });
    await settled();
    const first = await posted('playground');
    assert.equal(first.length, 1);
    assert.deepEqual(first[0].settings, defaultPlayground);
    const slider = on.page.locator('#play-gain');
    assert.equal(await slider.inputValue(), '0.9');
    for (const value of ['1', '1.05', '1.2']) await slider.fill(value);
    assert.equal((await posted('playground')).length, 1);
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" }, 0.9)');
    const asked = await posted('playground');
    assert.deepEqual(
      asked.map(({ settings }) => settings.values),
      [{}, { gain: 1.2 }],
    );
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [0.08], cell: "rnn", sequence: 2 }, 1.2)');
    assert.match(
      await text('.play .said'),
      /^Spectral radius 1\.20, ‖R‖₂ 1\.20\. On average the gradient changes by a factor of 1\.202 per token\.$/,
    );
    assert.match(await text('.verdict'), /grows a hundredfold after 25 tokens/);
    assert.equal((await posted('playground')).length, 2);
    assert.equal(
      await on.page.evaluate('probe.state().playground.values.gain'),
      1.2,
      'kept for when the page comes back',
    );
  });

  it('does not wait for the answer of another kind, and passes over it when it comes', async () => {
    await open({ view: 'playground' });
    await settled();
    await choose('cell', 'mamba');
    const [first, second] = await posted('playground');
    assert.deepEqual([first.settings.cell, second.settings.cell], ['rnn', 'mamba']);
    await on.page.evaluate(
      `probe.playgroundAnswered(${first.id}, { tokens: 50, slopes: [0.08], cell: "rnn", sequence: 2 })`,
    );
    assert.equal(await text('.play .said'), '');
    assert.equal((await answer()).cell, 'mamba');
    assert.match(await text('.play .said'), /^Half-lives are from/);
  });

  it('asks again after an answer that failed, when something moves', async () => {
    await open({ view: 'playground' });
    await settled();
    await on.page.evaluate('probe.answered(null)');
    assert.equal((await posted('playground')).length, 1, 'not for ever');
    await on.page.locator('#play-gain').fill('1.1');
    assert.equal((await posted('playground')).length, 2);
    await answer();
    assert.match(await text('.play .said'), /^Spectral radius 1\.10/);
  });

  for (const cell of cellNames) {
    it(`offers of ${kindOf(cell).label} the controls that it has, all of which move by keys`, async () => {
      await open({ view: 'playground' });
      if (cell !== defaultPlayground.cell) await choose('cell', cell);
      await answer();
      const { controls } = kindOf(cell).playground;
      const others = cellNames
        .flatMap((other) => kindOf(other).playground.controls)
        .filter(({ name }) => controls.every((own) => own.name !== name));
      for (const { name, type } of others)
        assert.equal(await isVisible(type === 'slider' ? `#play-${name}` : `[data-choice=${name}]`), false, name);
      for (const control of controls) {
        const before = (await answer()).values[control.name] ?? control.default;
        if (control.type === 'slider') await on.page.locator(`#play-${control.name}`).focus();
        else await on.page.locator(`[data-choice=${control.name}] [aria-checked=true]`).focus();
        await on.page.keyboard.press('ArrowRight');
        const { values } = await answer();
        const after = values[control.name];
        assert.ok(Object.hasOwn(values, control.name) && after !== before, control.name);
        if (typeof after === 'number') assert.ok(after > Number(before), control.name);
      }
      for (const name of ['layers', 'length']) {
        await on.page.locator(`#play-${name}`).focus();
        await on.page.keyboard.press('ArrowRight');
      }
      for (const [name, value] of [
        ['residual', 'off'],
        ['residual', 'on'],
        ['norm', 'rmsNorm'],
        ['norm', 'layerNorm'],
      ] as const) {
        await choose(name, value);
        await answer();
      }
      const settings = await answer();
      assert.deepEqual(
        [settings.layers, settings.length, settings.residual, settings.norm],
        [2, 129, true, 'layerNorm'],
      );
    });
  }

  it('keeps the smallest step size below the largest one', async () => {
    await open({ view: 'playground' });
    await choose('cell', 'mamba');
    await on.page.locator('#play-leastStep').fill('0');
    const { values } = await answer();
    assert.deepEqual([values['leastStep'], values['greatestStep']], [1, 1]);
    assert.equal(await on.page.locator('#play-greatestStep').inputValue(), '0');
    await on.page.locator('#play-greatestStep').fill('-1');
    assert.deepEqual((await answer()).values, { leastStep: 0.1, greatestStep: 0.1 });
    assert.match(await text('.play .said'), /^Half-lives are from 0\.43 to 6\.93 tokens/);
  });

  it('shows states where there are some, else what layer 1 reads, and depth from two layers on', async () => {
    await open({ view: 'playground' });
    await answer();
    assert.equal(await isVisible('section.depth'), false);
    await choose('cell', 'attention');
    await answer();
    assert.match(await text('.verdict'), /carries no state from token to token/);
    assert.match(
      await text('.play .said'),
      /largest attention weight at the target is 0\.\d{3}; equal weights would be 0\.008\.$/,
    );
    await on.page.locator('#play-temperature').fill('2');
    await answer();
    assert.match(await text('.verdict'), /level/);
    await on.page.locator('#play-layers').fill('2');
    await answer();
    assert.equal(await isVisible('section.depth'), true);
    await choose('cell', 'minGRU');
    await on.page.locator('#play-layers').fill('24');
    await answer();
    assert.match(
      await text('.play .said'),
      /\. On average the gradient in the top layer changes by a factor of 0\.\d{3} per token\.$/,
    );
    assert.equal(await isVisible('[data-choice=gradient] [data-value=total]'), false);
    assert.equal(await isVisible('[data-choice=gradient] [data-value=input]'), true);
    assert.match(await text('.depth .said'), /vanishes in depth/);
    await choose('residual', 'on');
    await answer();
    assert.doesNotMatch(await text('.depth .said'), /vanishes in depth/);
  });

  for (const width of [900, 400]) {
    it(`explains the kind that is chosen, ${width} pixels wide, within what is seen`, async () => {
      await open({ view: 'playground', width, height: 700 });
      const said: string[] = [];
      for (const cell of cellNames) {
        if (cell !== defaultPlayground.cell) await choose('cell', cell);
        await answer();
        await on.page.locator('[popovertarget=play-explained]').click();
        const explained = on.page.locator('#play-explained');
        await explained.waitFor();
        said.push(await explained.innerText());
        await takePicture(on.page, `playground-explained-${cell}-${width}`, { fullPage: false });
        const { x, y, width: w, height: h } = (await explained.boundingBox())!;
        assert.ok(x >= 0 && y >= 0 && x + w <= width && y + h <= 700, [x, y, w, h].join(', '));
        await on.page.keyboard.press('Escape');
      }
      assert.equal(new Set(said).size, cellNames.length);
    });
  }

  it('is one press away from an empty panel', async () => {
    await open();
    await on.page.evaluate('probe.run(0, {}, null)');
    await on.page.locator('[data-action=openPlayground]').click();
    assert.deepEqual(await posted('openPlayground'), [{ type: 'openPlayground' }]);
  });

  const strings = { en: englishPageStrings, ko: pageStringsOf(korean) };
  const pictures = [
    ['minGRU', 1, null, 'en'],
    ['mamba', 6, null, 'en'],
    ['attention', 4, null, 'en'],
    ['rnn', 24, 'on', 'en'],
    ['rnn', 12, 'off', 'ko'],
    ['mamba', 1, null, 'ko'],
    ['attention', 2, null, 'ko'],
    ['minLSTM', 1, null, 'ko'],
  ] as const;
  // What can be judged of them is judged in layout.test.ts.
  if (arePicturesAsked)
    for (const [cell, layers, residual, language] of pictures) {
      for (const width of [900, 500]) {
        it(`a picture of ${kindOf(cell).label} in ${language}, ${width} pixels wide`, async () => {
          await open({ view: 'playground', language, width, height: 900, strings: strings[language] });
          if (cell !== defaultPlayground.cell) await choose('cell', cell);
          await on.page.locator('#play-layers').fill(String(layers));
          if (residual !== null) await choose('residual', residual);
          await answer();
          await on.page.mouse.move(0, 0);
          await settled();
          await takePicture(on.page, `playground-${cell}-${language}-${width}`);
          assert.equal(
            await on.page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
            true,
            'nothing is wider than the page',
          );
        });
      }
    }
});
