/** What a model writes, on the page: samples of the real engine, and texts with everything in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { Streams } from '../../src/core/corpus/streams';
import { plainStack, uniformModel } from '../../src/core/model/config';
import { initialize } from '../../src/core/model/initialize';
import { generalModelOf } from '../../src/core/model/plainModel';
import { Random } from '../../src/core/model/random';
import { createBackend } from '../../src/engine/backend';
import { Sampler } from '../../src/engine/sampling/sampler';
import { SampleSource } from '../../src/engine/sampling/sampleSource';
import { checkTraining } from '../../src/engine/train/checkTraining';
import { Trainer } from '../../src/engine/train/trainer';
import { ModelLock } from '../../src/engine/modelLock';
import type { FromPage } from '../../src/pageContract/messages';
import { withSample, type ModelSample } from '../../src/protocol/sample';
import { defaultTrainingSettings } from '../../src/protocol/settings';
import { violationsOn } from './axe';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { takePicture } from './screenshots';
import type { ThemeName } from './themes';

/** Bundled tests stand in out/test/webview. */
const root = resolve(__dirname, '../../..');

/** What an engine told of a small model that learned `text`, on a clock that advances by so much with every step. */
async function learned(text: string, steps: number, millisecondsPerStep: number): Promise<readonly ModelSample[]> {
  const symbols = [...new Set(text)].sort();
  const vocabulary = new Vocabulary(symbols);
  const config = uniformModel({
    ...plainStack,
    cell: 'gru',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 48,
    vocabularySize: symbols.length,
  });
  const settings = checkTraining({ ...defaultTrainingSettings, window: 32, batch: 8, learningRate: 0.01 });
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const trainer = Trainer.create(
    config,
    settings,
    initialize(config, Random.fromSeed(1), settings),
    new Streams(vocabulary.encode(text), 32, 8),
    backend,
  );
  const plain = { config, parameters: trainer.parameters };
  let samples: readonly ModelSample[] = [];
  let loss: number | null = null;
  const model = { general: generalModelOf(config, trainer.parameters), plain, isLive: true, vocabulary, backend };
  const source = new SampleSource(
    {
      vocabulary,
      makeSampler: () => Sampler.of(model),
      trainingStep: () => trainer.step,
      loss: () => loss,
      isTraining: () => true,
    },
    new ModelLock(),
    (sample) => (samples = withSample(samples, sample)),
    () => trainer.step * millisecondsPerStep,
  );
  source.watch({ temperature: 0.8, seed: 1 });
  while (trainer.step < steps) {
    ({ loss } = await trainer.next());
    await source.continueIfDue();
  }
  source.dispose();
  return samples;
}

describe('what the model writes, on the page', () => {
  let browser: PageBrowser;
  let page: Page;
  let samples: readonly ModelSample[];
  before(async () => {
    browser = await sharedBrowser();
    samples = await learned(readFileSync(join(root, 'media/samples/tale.txt'), 'utf8'), 400, 100);
  });

  const posted = <T extends FromPage['type']>(type: T): Promise<Extract<FromPage, { type: T }>[]> =>
    page.evaluate(`probe.posted.filter((message) => message.type === '${type}')`);
  const open = async (theme: ThemeName = 'dark', width = 900): Promise<void> => {
    page = await browser.open({ theme, width });
    await page.evaluate('probe.run(400)');
  };
  const show = (of: readonly ModelSample[], others: object = {}): Promise<unknown> =>
    page.evaluate(`probe.samples(${JSON.stringify(of)}, ${JSON.stringify(others)})`);
  const text = async (selector: string): Promise<string> => {
    await page.evaluate('probe.settled()');
    return page.locator(selector).innerText();
  };
  const rows = () => page.locator('.sample tbody tr:not([hidden])');
  const sampleOf = (step: number, text: string): ModelSample => ({ step, loss: 2, temperature: 0.8, text });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
    assert.deepEqual(await posted('error'), []);
    await browser.leave(page);
  });

  it('is shown newest first, each text whole with its step and loss, and grows better', async () => {
    await open();
    await show(samples);
    assert.equal(await rows().count(), samples.length);
    assert.equal(samples.length, 5);
    const [newest, first] = [samples.at(-1)!, samples[0]];
    const lines = await rows().allTextContents();
    const visible = (text: string) => text.replaceAll('\n', '⏎');
    assert.equal(lines[0], `${newest.step}${newest.loss!.toFixed(2)}${visible(newest.text)}`);
    assert.equal(lines.at(-1), `${first.step}${first.loss!.toFixed(2)}${visible(first.text)}`);
    assert.ok(newest.loss! < first.loss! - 0.5, `${first.loss} to ${newest.loss}`);
    assert.match(await text('.sample thead'), /text, at temperature 0\.8/);
  });

  it('leaves what stands below where it is while samples come, however long their words are', async () => {
    await open();
    await show([]);
    assert.match(await text('.sample'), /The first generated text appears after the first steps\./);
    const below = async () => (await page.locator('.flow').boundingBox())!.y;
    const before = await below();
    const others = ['', '\n\n\n', 'x'.repeat(900), '긴 낱말 '.repeat(90), 'ﷺ'.repeat(60), 'a\u0301\u0302'.repeat(200)];
    for (const written of others) {
      await show([1, 2, 3, 4, 5].map((step) => sampleOf(step, written)));
      assert.ok(
        Math.abs((await below()) - before) <= 1,
        `${JSON.stringify(written.slice(0, 4))}: ${await below()}, not ${before}`,
      );
      assert.equal(
        await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        true,
        'nothing is wider than the page',
      );
    }
  });

  it('shows what cannot be seen as marks, markup as text, and lets nothing turn the direction of what follows', async () => {
    await open();
    await show([sampleOf(7, '<img src=x onerror=alert(1)>\r\n\ta\u202eb\u0007\u200b한 글\u0301')]);
    assert.equal(await rows().first().locator('.text').textContent(), '<img src=x onerror=alert(1)>⏎→a␣b␇␣한 글\u0301');
    assert.equal(await page.locator('.sample img').count(), 0);
    await show([sampleOf(8, 'שלום עולם')]);
    assert.equal(
      await rows()
        .first()
        .locator('.text')
        .evaluate(
          (node) =>
            (globalThis as unknown as { getComputedStyle(of: unknown): { direction: string } }).getComputedStyle(node)
              .direction,
        ),
      'rtl',
    );
  });

  it('keeps the rows that have not changed, and says nothing aloud by itself', async () => {
    await open();
    await show([sampleOf(1, 'a'), sampleOf(5, 'b')]);
    await page.evaluate(`globalThis.firstText = document.querySelectorAll('.sample .text')[1].firstChild`);
    await show([sampleOf(1, 'a'), sampleOf(9, 'c')]);
    assert.equal(
      await page.evaluate(`globalThis.firstText === document.querySelectorAll('.sample .text')[1].firstChild`),
      true,
    );
    assert.equal(await rows().first().locator('.text').innerText(), 'c');
    assert.equal(await page.locator('.sample [aria-live], .sample [role=status], .sample [role=log]').count(), 0);
    await page.evaluate('probe.run(400)');
    assert.equal(await rows().count(), 2, 'a run that went back to a checkpoint keeps them');
    await page.evaluate('probe.run(0, {}, null)');
    assert.equal(await page.locator('.sample').isVisible(), false);
    await page.evaluate('probe.run(3)');
    assert.equal(await page.locator('.sample').isVisible(), false, 'another run has none of them');
  });

  it('of a model that was only opened is written when somebody asks, and then another', async () => {
    await open();
    await show([], { onRequest: true });
    await page.locator('[data-action=writeSample]').click();
    assert.equal((await posted('sample')).length, 1);
    await show([sampleOf(0, 'once')], { onRequest: true });
    assert.equal(await page.locator('[data-action=writeSample]').isVisible(), false);
    assert.equal(await rows().first().innerText(), 'once', 'without a step and a loss, which say nothing here');
    await page.locator('[data-action=writeAnother]').click();
    assert.equal((await posted('sample')).length, 2);
  });

  it('is a sentence for a model that cannot write', async () => {
    await open();
    await show([], { refusal: 'A <b>bidirectional</b> model cannot generate text.' });
    assert.match(await text('.sample'), /A <b>bidirectional<\/b> model cannot generate text\./);
    assert.equal(await page.locator('.sample table').isVisible(), false);
    assert.equal(await page.locator('[data-action=writeSample]').isVisible(), false);
  });

  it('can be taken away whole, with its steps, as CSV and JSON', async () => {
    await open();
    await show([sampleOf(1, '=1+1,"x"\nb'), sampleOf(20, 'there')]);
    await page.locator('[data-action=export-sample]').click();
    assert.deepEqual((await posted('offer')).at(-1)?.items, [
      { id: 'samples', kind: 'data', title: 'What does it write?' },
    ]);
    for (const format of ['csv', 'json'])
      await page.evaluate(`probe.send({ type: 'export', id: 'samples', format: '${format}' })`);
    await page.evaluate('probe.settled()');
    const [csv, json] = await posted('save');
    assert.equal(
      csv.data,
      `\ufefftraining step,loss [nats/token],temperature,text\r\n1,2,0.8,"'=1+1,""x""\nb"\r\n20,2,0.8,there\r\n`,
    );
    assert.deepEqual((JSON.parse(json.data as string) as unknown[])[0], {
      'training step': 1,
      'loss [nats/token]': 2,
      temperature: 0.8,
      text: '=1+1,"x"\nb',
    });
  });

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[]) {
    it(`is clean for axe and fits in the theme ${theme}`, async () => {
      for (const width of theme === 'dark' ? [900, 420] : [900]) {
        if (width !== 900) await browser.leave(page);
        await open(theme, width);
        await show(samples);
        for (const isExplained of [false, true]) {
          if (isExplained) await page.locator('[popovertarget=sample-explained]').click();
          assert.deepEqual(await violationsOn(page, isExplained ? '#sample-explained' : undefined), []);
          await takePicture(page, `samples-${theme}-${width}${isExplained ? '-explained' : ''}`);
        }
        assert.equal(
          await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
          true,
          'nothing is wider than the page',
        );
      }
    });
  }
});
