/** What a model writes, on the page: samples of the real engine, and texts with everything in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { Streams } from '../../src/core/corpus/streams';
import { plainStack, type ModelConfig } from '../../src/core/model/config';
import { initialise } from '../../src/core/model/initialise';
import { generalModelOf } from '../../src/core/model/plainModel';
import { Random } from '../../src/core/model/random';
import { createBackend } from '../../src/engine/backend';
import { SampleSource } from '../../src/engine/sampleSource';
import { checkTraining } from '../../src/engine/train/checkTraining';
import { Trainer } from '../../src/engine/train/trainer';
import { Turns } from '../../src/engine/turns';
import type { FromPage } from '../../src/protocol/panel';
import { withSample, type ModelSample } from '../../src/protocol/sample';
import { defaultTrainingSettings } from '../../src/protocol/settings';
import { PageBrowser, screenshotPath } from './browser';
import type { ThemeName } from './themes';

/** Bundled tests stand in out/test/webview. */
const root = resolve(__dirname, '../../..');
const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** What an engine told of a small model that learned `text`, on a clock that goes on by so much with every step. */
async function learned(text: string, steps: number, millisecondsPerStep: number): Promise<readonly ModelSample[]> {
  const symbols = [...new Set(text)].sort();
  const vocabulary = new Vocabulary(symbols);
  const config: ModelConfig = { ...plainStack, cell: 'gru', activation: 'tanh', layers: 1, hiddenSize: 48, vocabularySize: symbols.length };
  const settings = checkTraining({ ...defaultTrainingSettings, window: 32, batch: 8, learningRate: 0.01 });
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const trainer = Trainer.create(config, settings, initialise(config, Random.fromSeed(1), settings), new Streams(vocabulary.encode(text), 32, 8), backend);
  const plain = { config, parameters: trainer.parameters };
  let samples: readonly ModelSample[] = [];
  let loss: number | null = null;
  const model = { general: generalModelOf(config, trainer.parameters), plain, isLive: true, vocabulary, backend };
  const source = new SampleSource({ model, trainingStep: () => trainer.step, loss: () => loss, isTraining: () => true }, new Turns(), (sample) => (samples = withSample(samples, sample)), () => trainer.step * millisecondsPerStep);
  source.watch({ temperature: 0.8, seed: 1 });
  while (trainer.step < steps) {
    ({ loss } = await trainer.next());
    await source.goOnIfDue();
  }
  source.dispose();
  return samples;
}

describe('what the model writes, on the page', function () {
  this.timeout(60_000);
  let browser: PageBrowser;
  let page: Page;
  let samples: readonly ModelSample[];
  before(async () => {
    browser = await PageBrowser.start();
    samples = await learned(readFileSync(join(root, 'media/samples/tale.txt'), 'utf8'), 400, 100);
  });
  after(() => browser.stop());

  const posted = <T extends FromPage['type']>(type: T): Promise<Extract<FromPage, { type: T }>[]> => page.evaluate(`probe.posted.filter((message) => message.type === '${type}')`);
  const open = async (theme: ThemeName = 'dark', width = 900): Promise<void> => {
    page = await browser.open({ theme, width });
    await page.evaluate('probe.run(400)');
  };
  const show = (of: readonly ModelSample[], others: object = {}): Promise<unknown> => page.evaluate(`probe.samples(${JSON.stringify(of)}, ${JSON.stringify(others)})`);
  const rows = () => page.locator('.sample tbody tr:not([hidden])');
  const sampleOf = (step: number, text: string): ModelSample => ({ step, loss: 2, temperature: 0.8, text });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
    assert.deepEqual(await posted('error'), []);
    await page.close();
  });

  it('is shown newest first, each text whole with its step and loss, and grows better', async () => {
    await open();
    await show(samples);
    assert.equal(await rows().count(), samples.length);
    assert.equal(samples.length, 6);
    const [newest, first] = [samples.at(-1)!, samples[0]];
    const lines = await rows().evaluateAll((all) => all.map((row) => row.textContent));
    const visible = (text: string) => text.replaceAll('\n', '⏎');
    assert.equal(lines[0], `${newest.step}${newest.loss!.toFixed(2)}${visible(newest.text)}`);
    assert.equal(lines.at(-1), `${first.step}${first.loss!.toFixed(2)}${visible(first.text)}`);
    assert.ok(newest.loss! < first.loss! - 0.5, `${first.loss} to ${newest.loss}`);
    await page.screenshot({ path: screenshotPath('samples'), fullPage: true });
  });
});
