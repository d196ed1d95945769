/** Frames of the real engine on the page: models whose gradient is known, and texts with everything in them. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { plainStack, uniformModel, type ModelConfig } from '../../src/core/model/config';
import { Parameters } from '../../src/core/model/parameters';
import { generalModelOf } from '../../src/core/model/plainModel';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { createBackend } from '../../src/engine/backend';
import { makeFrame } from '../../src/engine/inspect/frame';
import { Inspector } from '../../src/engine/inspect/inspector';
import type { Watch } from '../../src/protocol/engine';
import type { Frame } from '../../src/protocol/frame';
import type { FromPage } from '../../src/pageContract/messages';
import { defaultThresholds } from '../../src/protocol/settings';
import { tables } from '../../webview/shared/colors/tables';
import { randomModel } from '../unit/support/models';
import { type PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { takePicture } from './screenshots';

const width = 900;
const margins = { left: 58, right: 44, padding: 18 };
const room = width - 2 * margins.padding - margins.left - margins.right;

async function frameOf(
  config: ModelConfig,
  parameters: Parameters,
  symbols: readonly string[],
  watch: Partial<Watch> & { text: string },
): Promise<Frame> {
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const inspector = new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: false,
    vocabulary: new Vocabulary(symbols),
    backend,
  });
  const unitMap = { layer: 0, direction: 'forward', quantity: 'hidden' } as const;
  return makeFrame(
    inspector,
    { target: 'last', thresholds: defaultThresholds, unitMap, total: false, maxRate: 30, ...watch },
    1,
    1,
  );
}

/**
 * A relu network whose recurrent matrix is g times a permutation (which is orthogonal) and whose units are all active: there it is linear,
 * and a gradient keeps its length but for the factor g of each step.
 */
function orthogonal(gain: number): { config: ModelConfig; parameters: Parameters } {
  const [H, V] = [12, 3];
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'relu',
    layers: 1,
    hiddenSize: H,
    vocabularySize: V,
  });
  const parameters = new Parameters(config);
  const { W, R } = parameters.layers[0][0];
  for (let u = 0; u < H; u++) {
    R[u * H + ((u + 5) % H)] = gain;
    for (let v = 0; v < V; v++) W[u * V + v] = 0.1 + 0.01 * ((u * 7 + v * 3) % 11);
  }
  parameters.output.W.forEach((_, i) => (parameters.output.W[i] = 0.01 * Math.sin(i)));
  return { config, parameters };
}

describe('frames of the engine on the page', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  beforeEach(async () => {
    page = await browser.open({ width });
    await page.evaluate('probe.run(400)');
  });
  afterEach(async () => {
    assert.deepEqual(
      (await page.evaluate<FromPage[]>('probe.posted')).filter((message) => message.type === 'error'),
      [],
    );
    await browser.leave(page);
  });

  const show = ({ header, data }: Frame): Promise<unknown> => {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    return page.evaluate(`probe.given(${JSON.stringify(header)}, '${base64}')`);
  };
  const pixel = (x: number): Promise<number[]> => page.evaluate<number[]>(`probe.pixel('flow', ${x}, 13)`);

  for (const gain of [0.8, 1, 1.15]) {
    it(`of an orthogonal recurrence with gain ${gain} are a straight ramp, to the pixel`, async () => {
      const { config, parameters } = orthogonal(gain);
      const text = 'abcacb'.repeat(10) + 'a';
      await show(await frameOf(config, parameters, ['a', 'b', 'c'], { text }));
      const steps = text.length - 1;
      for (const lag of [1, 7, 20, 33, 59]) {
        const relative = Math.min(4, Math.max(-8, lag * Math.log10(gain)));
        const index = ((relative + 8) / 12) * 255;
        // Rounding may fall to either of two neighbors.
        const expected = [Math.floor(index), Math.ceil(index)].map((i) => tables.dark.flow.slice(6 * i, 6 * i + 6));
        const found = Buffer.from(
          (await pixel(margins.left + ((steps - 1 - lag + 0.5) / steps) * room)).slice(0, 3),
        ).toString('hex');
        assert.ok(expected.includes(found), `${lag} tokens back: ${found} is not ${expected.join(' or ')}`);
      }
      const slope = await page.locator('.values tbody td').last().innerText();
      assert.equal(slope, (Math.round(1000 * Math.log(gain)) / 1000).toFixed(3).replace('-', '−'));
      const horizon = await page.locator('.values tbody td').nth(3).innerText();
      // The smallest lag with 0.8^lag < 10⁻³ is 31.
      // With gain 1 nothing falls with distance.
      assert.equal(horizon, gain < 1 ? '31' : gain === 1 ? 'level 1.00' : 'none');
    });
  }

  it('of an LSTM that reads Korean, emoji, tabs and markup show all of it as text', async () => {
    const text = '<b>옛날</b>\t바닷가 👩‍👩‍👧 마을에\n시계가 있었다. <script>alert(1)</script>';
    const symbols = [...new Set(text)];
    const config = uniformModel({
      ...plainStack,
      cell: 'lstm',
      activation: 'tanh',
      layers: 2,
      hiddenSize: 24,
      vocabularySize: symbols.length,
    });
    const { parameters } = randomModel(config, 3, 1);
    const frame = await frameOf(config, parameters, symbols, {
      text,
      total: true,
      unitMap: { layer: 1, direction: 'forward', quantity: 'forgetGate' },
    });
    await show(frame);
    assert.match(
      (await page.locator('canvas[data-figure="tokens"]').getAttribute('aria-label'))!,
      /<b>옛날<\/b>→바닷가.*⏎시계가 있었다/,
    );
    assert.equal(await page.locator('#page b:not(.vanishing):not(.exploding), #page script').count(), 0);
    await page.getByRole('radio', { name: 'total gradient' }).click();
    assert.deepEqual((await page.evaluate<FromPage[]>('probe.posted')).at(-1), { type: 'total', shown: true });
    await show({ ...frame, header: { ...frame.header, sequence: 2 } });
    assert.match(await page.locator('.verdict').innerText(), /does not show vanishing/);
    await takePicture(page, 'total');
  });

  it('of a vanilla RNN say which units are saturated: those whose state is beyond ±0.95', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'rnn',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 4,
      vocabularySize: 2,
    });
    const parameters = new Parameters(config);
    const { Wb } = parameters.layers[0][0];
    // Pre-activations are the biases, and tanh(1.8318) = 0.95: the first two units are saturated.
    Wb.set([1.84, -1.84, 1.82, 0]);
    await show(
      await frameOf(config, parameters, ['a', 'b'], {
        text: 'abababab',
        unitMap: { layer: 0, direction: 'forward', quantity: 'preActivation' },
      }),
    );
    assert.match(
      await page.locator('.findings').innerText(),
      /50 % of all values are saturated.*\n.*Saturated at nine steps in ten or more: 2 of 4 units \(0, 1\)/,
    );
  });

  it('of Mamba have the step sizes on a logarithmic scale, and say of a decay that it keeps or forgets', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'mamba',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 2,
      embeddingSize: 2,
      vocabularySize: 2,
      options: { expand: 2, stateSize: 1 },
    });
    const parameters = new Parameters(config);
    const { own } = parameters.layers[0][0];
    // softplus(ln(e^Δ − 1)) = Δ; with A = −100 a step leaves e^(−0.05), e^(−0.5), e^(−5) and e^(−50).
    const steps = [0.0005, 0.005, 0.05, 0.5];
    own['b_dt'].set(steps.map((step) => Math.log(Math.expm1(step))));
    own['A_log'].fill(Math.log(100));
    const showMap = async (quantity: 'stepSize' | 'decay') =>
      show(
        await frameOf(config, parameters, ['a', 'b'], {
          text: 'abababab',
          unitMap: { layer: 0, direction: 'forward', quantity },
        }),
      );
    await showMap('stepSize');
    await page.evaluate(`probe.send({ type: 'export', id: 'units', format: 'svg' })`);
    await page.waitForFunction(`probe.posted.some(({ type }) => type === 'save')`);
    const svg = await page.evaluate<string>(
      `new DOMParser().parseFromString(probe.posted.find(({ type }) => type === 'save').data, 'image/svg+xml').documentElement.textContent`,
    );
    for (const power of ['1', '10⁻²', '10⁻⁴']) assert.ok(svg.includes(power), `${power} in ${svg}`);
    assert.ok(!svg.includes('−1'), svg);
    await takePicture(page, 'step-sizes');
    await showMap('decay');
    assert.match(
      await page.locator('.findings').innerText(),
      /^25 % of all values keep nearly everything \(over 0\.9\), 50 % forget it.*\nForgetting at nine steps in ten or more: 2 of 4 units \(2, 3\)\.\nKeeping at nine steps in ten or more: 1 of 4 units \(0\)\./,
    );
  });
});
