/** A run on sequences of numbers, on the page: its loss in its own words, a frame of the real engine, and nothing of what numbers do not have. */
import assert from 'node:assert/strict';
import { plainStack, uniformModel } from '../../src/core/model/config';
import { vocabularyOfNumbers } from '../../src/core/corpus/vocabulary';
import { initialize } from '../../src/core/model/initialize';
import { generalModelOf } from '../../src/core/model/plainModel';
import { Random } from '../../src/core/model/random';
import { createBackend } from '../../src/engine/backend';
import { makeFrame } from '../../src/engine/inspect/frame';
import { Inspector } from '../../src/engine/inspect/inspector';
import type { Frame } from '../../src/protocol/frame';
import type { RunDescription } from '../../src/protocol/run';
import { defaultThresholds } from '../../src/protocol/settings';
import { onePage } from './onePage';
import { takePicture } from './screenshots';
import { syntheticRun } from './synthetic';

const text = '0.37,0 0.81,1 0.12,0 0.55,1 0.90,0 = 1.36';

const run: RunDescription = {
  ...syntheticRun,
  name: 'adding-1',
  corpus: { name: 'adding.txt', path: '/texts/adding.txt', tokens: 17_962, unit: 'numbers' },
  model: { ...syntheticRun.model, objective: 'squaredError', features: 2, vocabularySize: 1, parameterCount: 589 },
  training: { ...syntheticRun.training, mode: 'sequences' },
};

async function frame(): Promise<Frame> {
  const config = uniformModel({
    ...{ ...plainStack, cell: 'lstm', activation: 'tanh', layers: 2, hiddenSize: 12 },
    ...{ objective: 'squaredError', features: 2, vocabularySize: 1 },
  });
  const parameters = initialize(config, Random.fromSeed(1));
  const inspector = new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: false,
    vocabulary: vocabularyOfNumbers(),
    backend: await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
  });
  const unitMap = { layer: 1, direction: 'forward', quantity: 'hidden' } as const;
  const watch = { text, target: 'last', thresholds: defaultThresholds, unitMap, maxRate: 30 } as const;
  return makeFrame(inspector, { ...watch, total: true, inputs: true }, 1, 1);
}

describe('a run on sequences of numbers, on the page', () => {
  const on = onePage();

  const show = async ({ header, data }: Frame): Promise<void> => {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    await on.page.evaluate(`probe.given(${JSON.stringify(header)}, '${base64}')`);
  };

  it('has squared errors, and neither nats nor what takes probabilities or several targets', async () => {
    await on.open({ width: 900 });
    await on.page.evaluate(`probe.run(400, {}, ${JSON.stringify(run)})`);
    await on.page.evaluate('probe.samples([])');
    const shown = await frame();
    await show(shown);
    assert.match(await on.text('header'), /squared error 2\.\d/);
    assert.match(await on.text('.charts'), /mean squared error/);
    await takePicture(on.page, 'numbers');
    const whole = await on.text('body');
    assert.doesNotMatch(whole, /nats per token\n|loss \d[\d.]* nats| bits\b/);
    assert.doesNotMatch(whole, /NaN|make it the target|total gradient/);
    for (const id of ['sample', 'matrix'])
      assert.deepEqual(
        [await on.page.locator(`section.${id}, div.${id}`).count(), await on.page.locator(`#${id}-title`).isVisible()],
        [1, false],
        id,
      );
    assert.match((await on.page.locator('canvas[data-figure="tokens"]').getAttribute('aria-label'))!, /0\.37,0/);
    const title = await on.page.locator('header [title]').first().getAttribute('title');
    assert.equal(title, '589 parameters; 2 numbers a step, 1 to predict; 17,962 steps in all sequences');
  });

  it('says of the last step its squared error, and of others none', async () => {
    await on.open({ width: 900 });
    await on.page.evaluate(`probe.run(400, {}, ${JSON.stringify(run)})`);
    const shown = await frame();
    await show(shown);
    const line = await on.text('.readout .line');
    assert.match(line, /squared error/);
    const { x, y, height } = (await on.canvas('flow').boundingBox())!;
    const { left, right } = await on.columnsOf('flow');
    await on.page.mouse.move(x + left + (right - left) * 0.3, y + height / 2);
    const other = await on.text('.readout .line');
    assert.match(other, /0\.81,1/);
    assert.doesNotMatch(other, /squared error|nats|NaN/);
  });

  it('goes back to nats with another run', async () => {
    await on.open({ width: 900 });
    await on.page.evaluate(`probe.run(400, {}, ${JSON.stringify(run)})`);
    assert.match(await on.text('.charts'), /mean squared error/);
    await on.page.evaluate('probe.run(400)');
    assert.match(await on.text('.charts'), /nats per token/);
    assert.match(await on.text('header'), /loss \d\.\d\d nats/);
  });
});
