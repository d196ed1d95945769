/** Which remedies a run is offered, by its run.json. */
import assert from 'node:assert/strict';
import { factsOf, remediesFor, remedyNames, type Remedy, type RunFacts } from '../../../../src/editor/compare/remedies';
import { defaultModelSettings, defaultTrainingSettings } from '../../../../src/protocol/settings';

/** As the engine writes it. */
function recordOf(model: object = {}, training: object = {}): string {
  return JSON.stringify({
    corpus: { name: 'tale.txt' },
    model: { ...defaultModelSettings, vocabularySize: 5, parameterCount: 100, ...model },
    training: { ...defaultTrainingSettings, ...training },
  });
}

function offered(model: object, training: object = {}): readonly Remedy[] {
  const facts = factsOf(recordOf(model, training));
  assert.ok(facts);
  return remediesFor(facts);
}

const names = (remedies: readonly Remedy[]) => remedies.map(({ name }) => name);

describe('the remedies of a run', () => {
  it('are those that its kind can have and that it does not have', () => {
    assert.deepEqual(
      names(offered({ cell: 'rnn' }, { truncation: 8 })),
      remedyNames.filter((name) => name !== 'raiseForgetBias'),
    );
    assert.deepEqual(names(offered({ cell: 'lstm' })), [
      ...['clipNorm', 'window', 'flossing', 'radiusCap', 'restartR', 'raiseForgetBias', 'layerNorm', 'residual'],
    ]);
    assert.deepEqual(names(offered({ cell: 'minGRU' }, { mode: 'sequences' })), [
      ...['clipNorm', 'flossing', 'layerNorm', 'residual'],
    ]);
    assert.deepEqual(names(offered({ cell: 'mamba', norm: 'rmsNorm', residual: true, embeddingSize: 128 })), [
      ...['clipNorm', 'window'],
    ]);
    assert.deepEqual(names(offered({ cell: 'attention', norm: 'layerNorm', residual: true, embeddingSize: 128 })), [
      ...['clipNorm', 'window'],
    ]);
    assert.deepEqual(
      names(offered({ cell: 'rnn', norm: 'layerNorm', embeddingSize: 32 }, { omega: 1, flossing: 1, radiusCap: 0.5 })),
      ['clipNorm', 'window', 'restartR'],
      'an embedding of another size leaves no residual connection',
    );
  });

  it('of a run on numbers are none that need an embedding', () => {
    assert.deepEqual(names(offered({ cell: 'gru', objective: 'squaredError', features: 2 }, { mode: 'sequences' })), [
      ...['clipNorm', 'flossing', 'radiusCap', 'restartR'],
    ]);
  });

  it('are one change each, beside the run as it is', () => {
    const all = new Map(offered({ cell: 'rnn' }, { truncation: 8, clipNorm: 2 }).map((each) => [each.name, each]));
    assert.deepEqual(all.get('clipNorm')?.changed, { training: { clipNorm: 0.5 }, weights: null, fresh: null });
    assert.deepEqual(all.get('window')?.changed.training, { window: 128 });
    assert.deepEqual(all.get('truncation')?.changed.training, { truncation: null });
    assert.deepEqual(all.get('restartR')?.changed, { training: {}, weights: 'restartR', fresh: null });
    for (const [name, { asItIs, changed }] of all) {
      assert.deepEqual([asItIs.training, asItIs.weights], [{}, null], name);
      assert.equal(asItIs.fresh === null, changed.fresh === null, name);
    }
    const fresh = { embeddingSize: 128, norm: null, residual: null };
    assert.deepEqual(all.get('layerNorm')?.asItIs.fresh, fresh);
    assert.deepEqual(all.get('layerNorm')?.changed.fresh, { ...fresh, norm: 'layerNorm' });
    assert.deepEqual(all.get('residual')?.changed.fresh, { ...fresh, residual: true });
  });

  it('are read of mixtures too, and of what older runs say', () => {
    const { embeddingSize, tied, objective, finalNorm } = defaultModelSettings;
    const layer = { cell: 'rnn', hiddenSize: 8 };
    const around = { embeddingSize, tied, objective, finalNorm };
    const mixture = JSON.stringify({
      model: { ...around, layers: [layer, { ...layer, cell: 'gru' }] },
      training: { window: 16 },
    });
    const facts = factsOf(mixture);
    assert.ok(facts);
    assert.deepEqual(names(remediesFor(facts)), [
      ...['clipNorm', 'window', 'flossing', 'radiusCap', 'restartR', 'layerNorm', 'residual'],
    ]);
    assert.deepEqual([facts.mode, facts.steps, facts.corpusName], ['stream', null, '']);
  });

  it('are none of what is no run', () => {
    const broken: readonly string[] = [
      ...['', 'null', '[]', '{}', '{"model":{"cell":"rnn"},"training":{}}'],
      JSON.stringify({ model: { cell: 'other', hiddenSize: 3, layers: 1 }, training: { window: 3 } }),
      JSON.stringify({ model: { layers: [] }, training: { window: 3 } }),
    ];
    for (const text of broken) assert.equal(factsOf(text) satisfies RunFacts | undefined, undefined, text);
  });
});
