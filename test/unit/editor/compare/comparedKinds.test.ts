/** What Compare Kinds compares: stacks of each kind, and the mixture of the settings, of one size. */
import assert from 'node:assert/strict';
import {
  kindsIn,
  measuredKind,
  modelOfKind,
  offeredKinds,
  usualKinds,
  type ComparedKind,
} from '../../../../src/editor/compare/comparedKinds';
import { modelSettings, type SettingReader } from '../../../../src/editor/chosenSettings';
import { cellNames, comparedCells } from '../../../../src/layers/catalog';
import { parameterCountOf } from '../../../../src/protocol/parameterCount';
import { isMixture, type ModelSettings } from '../../../../src/protocol/settings';

const V = 58;
const from =
  (settings: Readonly<Record<string, unknown>>): SettingReader =>
  (name) =>
    settings[name];
const mixed = from({ 'model.mixture': 'lstm:48,attention:48x2' });
const plain = from({ 'model.hiddenSize': 64, 'model.layers': 2 });

/** The models of these kinds, as they are made one after another, and their sizes. */
function made(kinds: readonly ComparedKind[], read: SettingReader): Map<ComparedKind, ModelSettings> {
  const measured = measuredKind(kinds);
  const first = modelOfKind(measured, read, null);
  const measure = { vocabularySize: V, parameterCount: parameterCountOf(first, V) };
  return new Map(kinds.map((kind) => [kind, kind === measured ? first : modelOfKind(kind, read, measure)]));
}

describe('the kinds that are compared', () => {
  it('are the classic ones without a mixture in the settings, and with one the mixture and its kinds', () => {
    assert.deepEqual([offeredKinds(plain), usualKinds(plain)], [cellNames, comparedCells]);
    assert.deepEqual(offeredKinds(mixed), ['mixture', ...cellNames]);
    assert.deepEqual(usualKinds(mixed), ['mixture', 'lstm', 'attention']);
    const alike = from({ 'model.mixture': 'attention:48x2' });
    assert.deepEqual(usualKinds(alike), comparedCells, 'layers that are alike are no mixture');
  });

  it('can be given by name, each once; another name is refused', () => {
    assert.deepEqual(kindsIn({ kinds: ['gru', 'mixture', 'gru'] }), ['gru', 'mixture']);
    assert.equal(kindsIn({ uri: 'file:///a.txt' }), undefined);
    assert.throws(() => kindsIn({ kinds: ['transformer'] }), /transformer/);
  });

  it('with a mixture: it is that of the settings, and stacks of as many layers have parameters as near to its number as their width allows', () => {
    const models = made(['attention', 'mixture', 'lstm', 'rnn', 'mamba'], mixed);
    assert.deepEqual(models.get('mixture'), modelSettings(mixed));
    const wanted = parameterCountOf(modelSettings(mixed), V);
    for (const [kind, model] of models) {
      if (isMixture(model)) continue;
      assert.deepEqual([model.cell, model.layers], [kind, 3]);
      const count = parameterCountOf(model, V);
      // Attention's width goes in steps of eight, which four heads with rotary positions divide: half a step of it is an eighth of the parameters.
      assert.ok(Math.abs(count / wanted - 1) < (kind === 'attention' ? 0.15 : 0.03), `${kind}: ${count} of ${wanted}`);
    }
  });

  it('without one: the default kind is as the settings say, and the others of its size', () => {
    const models = made(['rnn', 'lstm', 'attention'], plain);
    const lstm = models.get('lstm')!;
    assert.ok(!isMixture(lstm));
    assert.deepEqual([lstm.hiddenSize, lstm.layers, lstm.norm, lstm.residual], [64, 2, 'none', false]);
    assert.equal(measuredKind(['rnn', 'attention']), 'rnn');
  });

  it('have around them what is usual for each, whatever kind the settings name', () => {
    const models = made(['lstm', 'attention'], from({ 'model.cell': 'mamba', 'model.hiddenSize': 32 }));
    const [lstm, attention] = [models.get('lstm')!, models.get('attention')!];
    assert.ok(!isMixture(lstm) && !isMixture(attention));
    assert.deepEqual([lstm.norm, lstm.finalNorm, lstm.residual, lstm.embeddingSize], ['none', 'none', false, null]);
    assert.deepEqual([attention.norm, attention.residual], ['layerNorm', true]);
  });

  it('without a mixture in the settings none can be asked for', () => {
    assert.throws(() => modelOfKind('mixture', plain, null), /The settings have no mixture of layers to compare\./);
  });
});
