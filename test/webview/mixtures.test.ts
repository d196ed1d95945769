/** A model whose layers differ, on the page. */
import assert from 'node:assert/strict';
import { readLayers } from '../../src/protocol/layerList';
import { completeModel, defaultModelSettings } from '../../src/protocol/settings';
import { onePage } from './onePage';
import { syntheticRun } from './synthetic';

describe('what the page shows of a mixture', () => {
  const on = onePage();
  const { open, posted, text } = on;
  const usual = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
  const show = (list: string): Promise<void> => {
    const model = completeModel({ ...usual, layers: readLayers(list) });
    const run = { ...syntheticRun, model: { ...model, vocabularySize: 71, parameterCount: 10_000 } };
    return on.page.evaluate(`probe.run(40, {}, ${JSON.stringify(run)})`);
  };

  it('has its kinds and sizes in the header', async () => {
    await open();
    await show('lstm:128,attention:128x2');
    assert.equal(await text('h1:visible'), 'tale.txt · LSTM 128 + Attention 2 × 128');
    await show('minGRU:1024,rnn:8');
    assert.equal(await text('h1:visible'), 'tale.txt · minGRU 1,024 + RNN (tanh) 8');
  });

  it('offers over training the states that each layer has', async () => {
    await open();
    await show('gru:8,lstm:8,attention:8');
    await on.page.evaluate('probe.overTraining()');
    assert.deepEqual(
      (await posted('overTraining')).map(({ lane }) => lane),
      [{ layer: 1, direction: 'forward', state: 'cell' }],
    );
    const lanes = await on.page.locator('[data-choice="lane"] button').allInnerTexts();
    assert.deepEqual(
      lanes.map((lane) => lane.trim()),
      ['layer 2, c', 'layer 2, h', 'layer 1, h'],
    );
  });
});
